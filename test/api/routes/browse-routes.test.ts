import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { MemorySite } from "../../support/memory-site.ts";
import { memoryDestination } from "../../support/memory-destination.ts";
import { browseRoutes } from "../../../src/api/routes/browse-routes.ts";
import { pathFromBytes, pathFromText } from "../../../src/domain/byte-path.ts";
import { insertBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";
import { packArchive } from "../../support/pack-archive.ts";

const container = "file:///backups/shop";
const video = Buffer.alloc(3 * 2 ** 20, 0);
for (let at = 0; at < video.length; at += 32) createHash("sha256").update(String(at)).digest().copy(video, at);
const text = Buffer.from("All work and no play.\n".repeat(1_000));
const rawName = pathFromBytes(Buffer.from("site/wwwroot/t\xe9l\xe9 100%.txt", "latin1"));

const site = (): MemorySite => {
  const files = new MemorySite();
  const write = (path: string, content: Uint8Array) => files.writeFile(pathFromText(path), content);
  write("site/wwwroot/index.html", Buffer.from("<h1>Shop</h1>"));
  write("site/wwwroot/images/a.png", Buffer.from("a"));
  write("site/wwwroot/images/b.png", Buffer.from("b"));
  write("site/wwwroot/images-old/c.png", Buffer.from("c"));
  write("site/wwwroot/images.txt", text);
  write("site/wwwroot/video.mp4", video);
  write("site/wwwroot/über 1.txt", Buffer.from("ü"));
  write("data/empty.bin", Buffer.alloc(0));
  files.makeDirectory(pathFromText("site/wwwroot/nothing"));
  files.makeLink(pathFromText("site/wwwroot/current"), pathFromText("images"));
  files.writeFile(rawName, Buffer.from("raw"));
  return files;
};

type Read = Destination["read"];
/** The same destination, its reads through another's hands. */
const withRead = (of: Destination, change: (read: Read) => Read): Destination =>
  new Proxy(of, {
    get(target, name) {
      if (name === "read") return change((...asked) => target.read(...asked));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

let given: ReturnType<typeof memoryInstallation>;
let destination: Destination;
let reads: number;
let failReads: Error | undefined;
let ask: ReturnType<typeof apiOver>;

beforeEach(async () => {
  given = memoryInstallation();
  reads = 0;
  failReads = undefined;
  const memory = memoryDestination();
  const { commitId } = await packArchive({ site: site(), destination: memory, name: "nightly.zip" });
  destination = withRead(memory, (read) => async (...asked) => {
    reads++;
    if (failReads) throw failReads;
    return read(...asked);
  });
  const backup = keptBackup({ destination: container, commitId });
  await given.deps.catalog.write(sitePartition(shop), [
    insertBackup(backup),
    insertBackup({ ...backup, id: 2, status: "Failed" }),
    insertBackup({ ...backup, id: 3, commitId: "0".repeat(64) }),
    insertBackup({ ...backup, id: 4, blobBase: "gone" }),
  ]);
  const deps = { ...given.deps, destinations: { open: async () => destination } };
  ask = apiOver(browseRoutes(deps), given.call);
});

const files = `${shopPath}/backups/1/files`;
const names = (answer: Awaited<ReturnType<typeof ask>>) =>
  (answer.json()["value"] as unknown as { name: string }[]).map(({ name }) => name);

describe("browsing a backup", () => {
  it("lists a folder: folders by name, files with size, time and hash, links", async () => {
    const answer = await ask("GET", `${files}?path=site/wwwroot`, { as: "reader" });
    expect(answer.status).toBe(200);
    expect(names(answer)).toEqual([
      "current",
      "images-old",
      "images.txt",
      "images",
      "index.html",
      "nothing",
      "t\ufffdl\ufffd 100%.txt",
      "video.mp4",
      "über 1.txt",
    ]);
    expect(answer.json()["value"]).toContainEqual(
      expect.objectContaining({
        name: "index.html",
        path: "site/wwwroot/index.html",
        kind: "file",
        sizeBytes: 13,
        mode: "0644",
        contentHash: createHash("sha256").update("<h1>Shop</h1>").digest("hex"),
      }),
    );
    expect(answer.json()["value"]).toContainEqual(
      expect.objectContaining({ name: "current", kind: "link", sizeBytes: null }),
    );
    expect(answer.json()["nextLink"]).toBeNull();
  });

  it.each(["", "?path=", "?path=/", "?PATH=//"])("takes %j for the home", async (query) => {
    expect(names(await ask("GET", `${files}${query}`))).toEqual(["data", "site"]);
  });

  it("pages through a folder without leaving out or repeating anything", async () => {
    const all = names(await ask("GET", `${files}?path=site/wwwroot`));
    for (const limit of [1, 2, 4]) {
      const found: string[] = [];
      let next: string | null = `${files}?path=site/wwwroot&limit=${limit}`;
      while (next !== null) {
        const page: Awaited<ReturnType<typeof ask>> = await ask("GET", next);
        expect(names(page).length).toBeLessThanOrEqual(limit);
        found.push(...names(page));
        next = page.json()["nextLink"] ?? null;
      }
      expect(found).toEqual(all);
    }
  });

  it("gives each entry a URL that finds it again, also one whose name is not UTF-8", async () => {
    const listed = (await ask("GET", `${files}?path=site/wwwroot`)).json()["value"] as unknown as {
      name: string;
      kind: string;
      url: string;
    }[];
    const raw = listed.find(({ name }) => name.includes("\ufffd"));
    expect((await ask("GET", raw?.url ?? "")).text).toBe("raw");
    expect((await ask("GET", listed.find(({ name }) => name === "über 1.txt")?.url ?? "")).text).toBe("ü");
    expect(names(await ask("GET", listed.find(({ name }) => name === "images")?.url ?? ""))).toEqual([
      "a.png",
      "b.png",
    ]);
  });

  it("reads the directory once for many questions", async () => {
    await ask("GET", files);
    const once = reads;
    await Promise.all(["site", "data", "site/wwwroot"].map((path) => ask("GET", `${files}?path=${path}`)));
    expect(reads).toBe(once);
  });

  it("shows an empty folder as empty", async () => {
    expect(names(await ask("GET", `${files}?path=site/wwwroot/nothing`))).toEqual([]);
  });

  it.each([
    ["a path that is not there", `${files}?path=site/nope`, 404, /does not contain/],
    ["a file as a folder", `${files}?path=site/wwwroot/index.html`, 400, /index\.html" is a file, not a folder/],
    ["a limit of nothing", `${files}?limit=0`, 400, /limit/],
    ["a backup that failed", files.replace("/1/", "/2/"), 409, /Failed/],
    ["an archive that was exchanged for another", files.replace("/1/", "/3/"), 409, /not the archive/],
    ["an archive that is gone", files.replace("/1/", "/4/"), 409, /not in file/],
    ["a backup that never was", files.replace("/1/", "/9/"), 404, /Backup 9/],
  ])("refuses %s", async (_, path, status, says) => {
    const answer = await ask("GET", path);
    expect({ status: answer.status, message: answer.json()["Message"] }).toEqual({
      status,
      message: expect.stringMatching(says),
    });
  });

  it("tells when the container refuses to be read, and asks again the next time", async () => {
    failReads = new StoreFailure("AccessDenied", "The SAS expired.");
    expect((await ask("GET", files)).json()["Message"]).toContain("The SAS expired.");
    failReads = undefined;
    expect((await ask("GET", files)).status).toBe(200);
  });
});

describe("one file", () => {
  const content = `${files}/content?path=site/wwwroot/`;

  it("comes byte by byte, with its length, hash and name, and nothing a browser could run", async () => {
    const answer = await ask("GET", `${content}images.txt`);
    expect(answer.bytes.equals(text)).toBe(true);
    expect(answer.headers).toMatchObject({
      "content-length": String(text.length),
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="images.txt"; filename*=UTF-8''images.txt`,
      "accept-ranges": "bytes",
      etag: `"${createHash("sha256").update(text).digest("hex")}"`,
      "x-content-type-options": "nosniff",
    });
    expect(Date.parse(answer.headers["last-modified"] ?? "")).toBeGreaterThan(0);
  });

  it("names a file in ASCII and exactly", async () => {
    const answer = await ask("GET", `${content}%C3%BCber%201.txt`);
    expect(answer.headers["content-disposition"]).toBe(
      `attachment; filename="_ber 1.txt"; filename*=UTF-8''%C3%BCber%201.txt`,
    );
  });

  it.each([
    ["bytes=0-9", 0, 10],
    ["bytes=100-", 100, undefined],
    ["bytes=-7", -7, undefined],
    ["bytes=0-", 0, undefined],
    ["bytes=5-99999999999", 5, undefined],
  ])("gives the range %s of stored and of compressed files", async (range, from, to) => {
    for (const [name, whole] of [
      ["video.mp4", video],
      ["images.txt", text],
    ] as const) {
      const answer = await ask("GET", `${content}${name}`, { headers: { range } });
      const wanted = whole.subarray(from, to);
      expect(answer.status).toBe(206);
      expect(answer.bytes.equals(wanted)).toBe(true);
      const start = from < 0 ? whole.length + from : from;
      expect(answer.headers["content-range"]).toBe(`bytes ${start}-${start + wanted.length - 1}/${whole.length}`);
      expect(answer.headers["content-length"]).toBe(String(wanted.length));
    }
  });

  it("reads no more of a stored file than the range asks", async () => {
    await ask("GET", files);
    const lengths: number[] = [];
    destination = withRead(destination, (read) => async (name, range, options) => {
      lengths.push(range.length);
      return read(name, range, options);
    });
    await ask("GET", `${content}video.mp4`, { headers: { range: "bytes=-10" } });
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(200_000);
  });

  it.each(["bytes=99999999-", "bytes=-0"])("answers 416 to %s", async (range) => {
    const answer = await ask("GET", `${content}images.txt`, { headers: { range } });
    expect({ status: answer.status, told: answer.headers["content-range"] }).toEqual({
      status: 416,
      told: `bytes */${text.length}`,
    });
  });

  it.each(["bytes=5-3", "lines=1-2", "bytes=0-1,4-5", "bytes=-"])("answers %s with the whole", async (range) => {
    const answer = await ask("GET", `${content}images.txt`, { headers: { range } });
    expect({ status: answer.status, bytes: answer.bytes.length }).toEqual({ status: 200, bytes: text.length });
  });

  it("answers 304 to who has it, and the whole to who has an older one and wants a part", async () => {
    const { headers } = await ask("GET", `${content}images.txt`);
    const etag = headers["etag"] ?? "";
    const same = await ask("GET", `${content}images.txt`, { headers: { "if-none-match": `"x", W/${etag}` } });
    expect({ status: same.status, bytes: same.bytes.length }).toEqual({ status: 304, bytes: 0 });
    const range = "bytes=0-0";
    expect((await ask("GET", `${content}images.txt`, { headers: { range, "if-range": etag } })).status).toBe(206);
    expect((await ask("GET", `${content}images.txt`, { headers: { range, "if-range": `"old"` } })).status).toBe(200);
    expect((await ask("GET", `${content}images.txt`, { headers: { range, "if-range": `W/${etag}` } })).status).toBe(
      200,
    );
  });

  it("answers HEAD without content and without reading it", async () => {
    await ask("GET", files);
    const before = reads;
    const answer = await ask("HEAD", `${content}video.mp4`);
    expect(answer).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
    expect(answer.headers["content-length"]).toBe(String(video.length));
    expect(reads).toBe(before);
  });

  it("gives an empty file as empty, and ranges of it as outside", async () => {
    const empty = await ask("GET", `${files}/content?path=data/empty.bin`);
    expect({ status: empty.status, bytes: empty.bytes.length }).toEqual({ status: 200, bytes: 0 });
    const part = await ask("GET", `${files}/content?path=data/empty.bin`, { headers: { range: "bytes=0-" } });
    expect(part.status).toBe(416);
  });

  it.each([
    ["nothing", "", 400, /path/],
    ["a folder", "?path=site/wwwroot", 400, /a folder/],
    ["a link, with its target", "?path=site/wwwroot/current", 400, /a link to images/],
    ["what is not there", "?path=site/nope", 404, /does not contain/],
  ])("refuses %s", async (_, query, status, says) => {
    const answer = await ask("GET", `${files}/content${query}`);
    expect({ status: answer.status, message: answer.json()["Message"] }).toEqual({
      status,
      message: expect.stringMatching(says),
    });
  });

  it("needs an operator, for it may hold a secret", async () => {
    expect((await ask("GET", `${content}images.txt`, { as: "reader" })).status).toBe(403);
  });

  it("breaks off, and never ends well, when the archive turns out damaged in the middle", async () => {
    await ask("GET", files);
    let left = 1;
    destination = withRead(destination, (read) => async (...asked) => {
      const bytes = Buffer.from(await read(...asked));
      // The container gives other bytes than were written.
      if (left-- <= 0) bytes.fill(7);
      return bytes;
    });
    await expect(ask("GET", `${content}video.mp4`)).rejects.toThrow(/not the archive that was backed up/);
  });

  it("tells damage that shows at once as an error", async () => {
    await ask("GET", files);
    destination = withRead(
      destination,
      (read) =>
        async (...asked) =>
          Buffer.from(await read(...asked)).fill(7),
    );
    const answer = await ask("GET", `${content}images.txt`);
    expect({ status: answer.status, code: answer.json()["Code"] }).toEqual({ status: 409, code: "ArchiveAltered" });
  });
});

describe("a selection", () => {
  const download = `${files}/download`;

  it("comes as a zip whose length is told, with the folders and files asked for", async () => {
    const answer = await ask("GET", `${download}?path=site/wwwroot/images&path=site/wwwroot/index.html`);
    expect(answer.headers).toMatchObject({
      "content-type": "application/zip",
      "content-length": String(answer.bytes.length),
      "content-disposition": expect.stringContaining("nightly.zip"),
    });
    expect(answer.bytes.readUInt32LE(0)).toBe(0x04034b50);
    const inside = answer.bytes.toString("latin1");
    expect(inside).toContain("fs/site/wwwroot/images/a.png");
    expect(inside).toContain("fs/site/wwwroot/index.html");
    expect(inside).not.toContain("images-old");
  });

  it("comes as a tar.gz", async () => {
    const answer = await ask("GET", `${download}?format=tar.gz&path=site/wwwroot/images`);
    expect(answer.headers["content-type"]).toBe("application/gzip");
    const tar = gunzipSync(answer.bytes).toString("latin1");
    expect(tar).toContain("fs/site/wwwroot/images/b.png");
    expect(tar).not.toContain("index.html");
  });

  it("says how many names a tar had to escape", async () => {
    expect((await ask("GET", `${download}?format=tar.gz`)).headers["x-lifeboat-renamed"]).toBe("1");
  });

  it("is everything when no path is given, and told by HEAD", async () => {
    const all = await ask("GET", download);
    const head = await ask("HEAD", download);
    expect(head.headers["content-length"]).toBe(String(all.bytes.length));
    expect(head.bytes.length).toBe(0);
  });

  it.each([
    ["a path that is not there", "?path=site/nope", 404, /site\/nope/],
    ["another format", "?format=rar", 400, /rar/],
  ])("refuses %s", async (_, query, status, says) => {
    const answer = await ask("GET", `${download}${query}`);
    expect({ status: answer.status, message: answer.json()["Message"] }).toEqual({
      status,
      message: expect.stringMatching(says),
    });
  });
});
