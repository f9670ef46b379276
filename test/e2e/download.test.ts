import { createHash, randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearer, killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { serviceClient, siteFolder } from "../support/service-client.ts";

/** Over the wire: what a client has in its hands when all is well, and when the archive is damaged in the middle. */
let folder: string;
let url: string;
let headers: Readonly<Record<string, string>>;
const megabytes = 48;
const video = randomBytes(megabytes * 2 ** 20);
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-download-"));
  const data = join(folder, "data");
  const wwwroot = join(folder, "shop", "site", "wwwroot");
  mkdirSync(wwwroot, { recursive: true });
  mkdirSync(join(data, "sites"), { recursive: true });
  writeFileSync(join(wwwroot, "video.mp4"), video);
  writeFileSync(join(wwwroot, "index.html"), "hello");
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home: join(folder, "shop") }));
  const service = await startLifeboat({ data });
  url = service.url;
  headers = bearer(data);
  const client = serviceClient(url, headers, "shop");
  await client.ask("POST", "/backup", { properties: { backupName: "nightly" } });
  expect(await client.ended(1)).toMatchObject({ status: "Succeeded" });
}, 60_000);
afterAll(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

const files = (path: string): string => `${url}${siteFolder("shop")}/backups/1/files${path}&api-version=2024-11-01`;
const get = (path: string, more: Readonly<Record<string, string>> = {}) =>
  fetch(files(path), { headers: { ...headers, ...more } });
const videoPath = "/content?path=site/wwwroot/video.mp4";

describe("a file of a backup over the wire", () => {
  it("arrives whole, in parts, and by HEAD only announced", async () => {
    const whole = await get(videoPath);
    expect(whole.headers.get("content-length")).toBe(String(video.length));
    expect(hash(new Uint8Array(await whole.arrayBuffer()))).toBe(hash(video));
    const part = await get(videoPath, { range: "bytes=1000000-2999999" });
    expect(part.status).toBe(206);
    expect(hash(new Uint8Array(await part.arrayBuffer()))).toBe(hash(video.subarray(1_000_000, 3_000_000)));
    const head = await fetch(files(videoPath), { method: "HEAD", headers });
    expect(head.headers.get("content-length")).toBe(String(video.length));
    expect((await head.arrayBuffer()).byteLength).toBe(0);
  });

  it("leaves the service able to answer when a client goes away in the middle", async () => {
    await new Promise<void>((resolve, reject) => {
      const call = request(files(videoPath), { headers }, (response) => {
        response.once("data", () => {
          call.destroy();
          resolve();
        });
      });
      call.on("error", reject).end();
    });
    expect(await (await get("/content?path=site/wwwroot/index.html")).text()).toBe("hello");
  });

  it("is cut off, never ended well, when the archive is damaged in the middle", async () => {
    const store = join(folder, "data", "backups", "shop");
    const zip = join(store, readdirSync(store).find((name) => name.endsWith(".zip")) ?? "");
    flip(zip, 20 * 2 ** 20);
    for (const path of [videoPath, "/download?format=zip", "/download?format=tar.gz"]) {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      const ended = await answer.arrayBuffer().then(
        ({ byteLength }) => `whole, ${byteLength} bytes`,
        (error: unknown) => String(error),
      );
      expect(ended).toMatch(/terminated/);
    }
    expect(await (await get("/content?path=site/wwwroot/index.html")).text()).toBe("hello");
  });
});

const flip = (path: string, at: number): void => {
  const file = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  closeSync(file);
};
