import { inspect } from "node:util";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import type { RetryPolicy } from "../../src/adapters/destination/with-retries.ts";
import { Secret } from "../../src/domain/secret.ts";
import { StoreFailure, type StoreFailureKind } from "../../src/domain/store-failure.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { blockId, namesOf, noise, readAll, stageAll, store } from "../adapters/destination/blocks.ts";
import { startProxy, type Fate, type Seen, type StoreProxy } from "../adapters/destination/store-proxy.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { failureOf } from "../support/failure-of.ts";
import { describeWith } from "../support/needs.ts";

const upload = { name: "night.zip", run: "run-1" };
/** The more they are, the longer an attempt waits for a store that is silent. */
const pieces = [noise(100_000, "a"), noise(5, "b")];

describeWith("azurite", azuritePresent, "a blob container whose store has faults", () => {
  let azurite: Azurite;
  let proxy: StoreProxy;
  let containers = 0;
  let container = "";
  let sas = "";
  let destination: Destination;
  const waits: number[] = [];
  const retries: RetryPolicy = {
    delaysMs: [100, 400, 1600],
    timeoutMs: 2000,
    wait: async (ms) => void waits.push(ms),
  };

  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startProxy(azurite.blobUrl);
  });
  afterAll(async () => {
    await proxy.close();
    await azurite.stop();
  });
  beforeEach(async () => {
    container = `faults-${++containers}`;
    await azurite.createContainer(container);
    destination = await open("rwdl");
  });
  afterEach(() => {
    proxy.fate = () => "pass";
    waits.length = 0;
    proxy.seen.length = 0;
  });

  const open = async (permissions: string, expiresInMs = 3_600_000, name = container): Promise<Destination> => {
    const url = new URL(azurite.containerSas(name, permissions, new Date(Date.now() + expiresInMs)));
    sas = url.searchParams.get("sig") ?? "";
    return blobContainer({
      container: proxy.through(`${azurite.blobUrl}/${name}`),
      sas: new Secret(url.search.slice(1)),
      retries,
    });
  };

  /** The first requests that match meet these fates, the others pass. */
  const meet = (matches: (seen: Seen) => boolean, ...fates: readonly Fate[]): void => meetEach([matches], ...fates);
  /** The same for each of several kinds of request. */
  const meetEach = (kinds: readonly ((seen: Seen) => boolean)[], ...fates: readonly Fate[]): void => {
    const left = kinds.map((matches) => ({ matches, fates: [...fates] }));
    proxy.seen.length = 0;
    proxy.fate = (seen) => left.find(({ matches }) => matches(seen))?.fates.shift() ?? "pass";
  };

  const count = (matches: (seen: Seen) => boolean): number => proxy.seen.filter(matches).length;
  const isStage = ({ url }: Seen): boolean => url.includes("comp=block&");
  const isCopy = (seen: Seen): boolean => isStage(seen) && seen.headers["x-ms-copy-source"] !== undefined;
  const isCommit = ({ url, method }: Seen): boolean => method === "PUT" && url.includes("comp=blocklist");
  const isRead = ({ url, method }: Seen): boolean => method === "GET" && !url.includes("comp=");
  const isHead = ({ method }: Seen): boolean => method === "HEAD";
  const isList = ({ url }: Seen): boolean => url.includes("comp=list");
  const isRemove = ({ method }: Seen): boolean => method === "DELETE";
  const any = (): boolean => true;

  /** Also proves that nobody who logs the failure logs the signature. */
  const failure = async (kind: StoreFailureKind, work: Promise<unknown>): Promise<string> => {
    const error = await failureOf(StoreFailure, work);
    const everything = inspect(error, { depth: 30, showHidden: true }) + JSON.stringify(error) + String(error.stack);
    for (const spelling of [sas, encodeURIComponent(sas), "sig="]) expect(everything).not.toContain(spelling);
    expect(error.kind).toBe(kind);
    return error.message;
  };

  const passing: readonly (readonly [string, Fate])[] = [
    ["500", { status: 500, headers: { "x-ms-error-code": "InternalError" } }],
    ["503", { status: 503, headers: { "x-ms-error-code": "ServerBusy" } }],
    ["429", { status: 429 }],
    ["a reset", "reset"],
    ["a lost answer", "lose the answer"],
    ["silence", "stall"],
  ];

  describe.each(passing)("passing: %s", (_, fate) => {
    const twice = [fate, fate];

    it("is not noticed by those who write", async () => {
      meet(isStage, ...twice);
      const ids = await stageAll(destination, upload, pieces);
      expect(count(isStage)).toBe(4);
      meet(isCommit, ...twice);
      const stored = await destination.commit(upload, ids, { commitid: "mine" });
      expect(count(isCommit)).toBe(3);
      expect(stored).toMatchObject({ sizeBytes: 100_005, metadata: { commitid: "mine" } });
      expect((await readAll(destination, upload.name)).equals(Buffer.concat(pieces))).toBe(true);
    });

    it("is not noticed by those who read, list and remove", async () => {
      const stored = await store(destination, upload.name, pieces);
      const kinds = [isHead, isRead, isList];
      meetEach(kinds, ...twice);
      const [head, read, names] = await Promise.all([
        destination.head(upload.name),
        destination.read(upload.name, { offset: 0, length: 100_005 }, { ifMatch: stored.etag }),
        namesOf(destination.list("")),
      ]);
      expect(head).toEqual(stored);
      expect(Buffer.concat(pieces).equals(read)).toBe(true);
      expect(names).toEqual([upload.name]);
      expect(kinds.map(count)).toEqual([3, 3, 3]);
      meet(any, ...twice);
      expect(await destination.remove(upload.name, { ifMatch: stored.etag })).toBe(true);
      expect(await destination.head(upload.name)).toBeUndefined();
    });

    it("is not noticed by those who copy", async () => {
      const { etag } = await store(destination, "source.zip", pieces);
      const id = blockId(0, Buffer.from("copy"));
      meet(isCopy, ...twice);
      await destination.stageCopy(upload, id, { name: "source.zip", etag, offset: 10, length: 1000 });
      expect(count(isCopy)).toBe(3);
      await destination.commit(upload, [id], {});
      expect((await readAll(destination, upload.name)).equals(noise(100_000, "a").subarray(10, 1010))).toBe(true);
    });
  });

  it("waits longer each time, and as long as the store asks", async () => {
    const busy = { status: 503, headers: { "x-ms-error-code": "ServerBusy", "retry-after": "7" } };
    meet(isHead, { status: 500 }, { status: 500 }, busy);
    await destination.head("a.zip");
    expect(waits).toHaveLength(3);
    expect(waits[0]).toBeGreaterThanOrEqual(50);
    expect(waits[0]).toBeLessThanOrEqual(150);
    expect(waits[1]).toBeGreaterThanOrEqual(200);
    expect(waits[1]).toBeLessThanOrEqual(600);
    expect(waits[2]).toBe(7000);
  });

  it("gives up after a bounded number of attempts, and says how many", async () => {
    proxy.fate = () => ({ status: 503, headers: { "x-ms-error-code": "ServerBusy" } });
    const message = await failure("Unavailable", destination.head("a.zip"));
    expect(proxy.seen).toHaveLength(4);
    expect(message).toMatch(/^Reading a\.zip in .*\(503 ServerBusy\): the store has trouble; it was asked 4 times\./);
    proxy.fate = () => "reset";
    expect(await failure("Unavailable", stageAll(destination, upload, pieces))).toContain("cannot be reached");
  });

  it("reads on from the beginning when an answer is cut", async () => {
    const stored = await store(destination, upload.name, pieces);
    meet(isRead, "cut the answer", "cut the answer");
    const read = await destination.read(upload.name, { offset: 0, length: 100_005 }, { ifMatch: stored.etag });
    expect(Buffer.concat(pieces).equals(read)).toBe(true);
    expect(count(isRead)).toBe(3);
  });

  it("sends a block again that was damaged on its way", async () => {
    meet(isStage, "damage");
    const ids = await stageAll(destination, upload, pieces);
    expect(count(isStage)).toBe(3);
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, upload.name)).equals(Buffer.concat(pieces))).toBe(true);
  });

  it("does not take another run's object for its own after a lost answer", async () => {
    const ids = await stageAll(destination, upload, pieces);
    const other = { ...upload, run: "run-2" };
    const theirs = await stageAll(destination, other, pieces);
    // The first attempt never arrives; meanwhile the other run commits the same content.
    let isFirst = true;
    proxy.fate = (seen) => {
      if (!isCommit(seen) || !isFirst) return "pass";
      isFirst = false;
      return "reset";
    };
    const rival = await open("rwdl");
    const retryLater: RetryPolicy = {
      ...retries,
      wait: async () => void (await rival.commit(other, theirs, { commitid: "same" })),
    };
    const url = new URL(azurite.containerSas(container, "rwdl", new Date(Date.now() + 3_600_000)));
    const slow = await blobContainer({
      container: proxy.through(`${azurite.blobUrl}/${container}`),
      sas: new Secret(url.search),
      retries: retryLater,
    });
    sas = url.searchParams.get("sig") ?? "";
    await failure("AlreadyExists", slow.commit(upload, ids, { commitid: "same" }));
  });

  it("asks nothing more when a name is taken at the first attempt", async () => {
    await store(destination, upload.name, pieces, { commitid: "mine" });
    const ids = await stageAll(destination, upload, pieces);
    proxy.seen.length = 0;
    await failure("AlreadyExists", destination.commit(upload, ids, { commitid: "mine" }));
    expect(proxy.seen).toHaveLength(1);
  });

  it("has the store copy by itself, and reads nothing", async () => {
    const { etag } = await store(destination, "source.zip", pieces);
    proxy.seen.length = 0;
    const from = { name: "source.zip", etag, offset: 0, length: 1000 };
    await destination.stageCopy(upload, blockId(0, Buffer.from("1")), from);
    await destination.stageCopy(upload, blockId(1, Buffer.from("2")), { ...from, offset: 1000 });
    expect([count(isHead), count(isCopy), proxy.seen.length]).toEqual([1, 2, 3]);
  });

  it.each([400, 401, 403, 404, 409, 412, 501])(
    "copies through itself when the store refuses to (%i), and does not ask again",
    async (status) => {
      const { etag } = await store(destination, "source.zip", pieces);
      const ids = [blockId(0, Buffer.from("1")), blockId(1, Buffer.from("2"))];
      meet(isCopy, { status, headers: { "x-ms-error-code": "CannotVerifyCopySource" } });
      for (const [at, id] of ids.entries())
        await destination.stageCopy(upload, id, { name: "source.zip", etag, offset: at * 1000, length: 1000 });
      expect([count(isCopy), count(isRead)]).toEqual([1, 2]);
      await destination.commit(upload, ids, {});
      expect((await readAll(destination, upload.name)).equals(noise(100_000, "a").subarray(0, 2000))).toBe(true);
    },
  );

  it("copies a range through itself that the store could not reach, and asks again for the next", async () => {
    const { etag } = await store(destination, "source.zip", pieces);
    const ids = [blockId(0, Buffer.from("1")), blockId(1, Buffer.from("2"))];
    meet(isCopy, { status: 500, headers: { "x-ms-error-code": "CannotVerifyCopySource" } });
    for (const [at, id] of ids.entries())
      await destination.stageCopy(upload, id, { name: "source.zip", etag, offset: at * 1000, length: 1000 });
    expect([count(isCopy), count(isRead)]).toEqual([2, 1]);
    await destination.commit(upload, ids, {});
    expect((await readAll(destination, upload.name)).equals(noise(100_000, "a").subarray(0, 2000))).toBe(true);
  });

  it.each(["on the server", "through itself"])("notices a source that changes between its copies %s", async (way) => {
    const { etag } = await store(destination, "source.zip", pieces);
    const from = { name: "source.zip", etag, offset: 0, length: 1000 };
    if (way === "through itself")
      meet(isCopy, { status: 403, headers: { "x-ms-error-code": "CannotVerifyCopySource" } });
    await destination.stageCopy(upload, blockId(0, Buffer.from("1")), from);
    await destination.remove("source.zip");
    await failure("SourceChanged", destination.stageCopy(upload, blockId(1, Buffer.from("2")), from));
    await store(destination, "source.zip", pieces);
    await failure("SourceChanged", destination.stageCopy(upload, blockId(1, Buffer.from("2")), from));
  });

  it("stops at once when it is told to, while it waits for an answer or for the next attempt", async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    proxy.fate = () => {
      setImmediate(() => controller.abort(reason));
      return "stall";
    };
    await expect(
      destination.stage(upload, blockId(0, Buffer.from("x")), Buffer.from("x"), controller.signal),
    ).rejects.toBe(reason);
    const second = new AbortController();
    proxy.fate = () => {
      second.abort(reason);
      return { status: 500 };
    };
    proxy.seen.length = 0;
    await expect(destination.commit(upload, [], {}, second.signal)).rejects.toBe(reason);
    expect(proxy.seen.length).toBe(1);
  });

  it("does not follow redirects", async () => {
    const location = `${proxy.through(azurite.blobUrl)}/elsewhere`;
    proxy.fate = () => ({ status: 307, headers: { location } });
    await failure("Invalid", destination.read("a.zip", { offset: 0, length: 1 }));
    expect(proxy.seen).toHaveLength(1);
  });

  describe("that refuses", () => {
    it("a SAS that has expired: says when it ended", async () => {
      const expired = await open("rwdl", -60_000);
      const message = await failure("AccessDenied", expired.head("a.zip"));
      expect(message).toMatch(/\(403 \w+\): the SAS expired at 20\d\d-\S+Z\. Renew it\./);
      await failure("AccessDenied", stageAll(expired, upload, pieces));
      await failure("AccessDenied", namesOf(expired.list("")));
    });

    it("a SAS that is not signed right", async () => {
      const forged = await blobContainer({
        container: proxy.through(`${azurite.blobUrl}/${container}`),
        sas: new Secret("sp=rwdl&se=2099-01-01&sv=2024-11-04&sr=c&sig=Zm9yZ2Vk"),
        retries,
      });
      sas = "Zm9yZ2Vk";
      await failure("AccessDenied", forged.head("a.zip"));
      expect(proxy.seen).toHaveLength(1);
    });

    it("what a SAS does not allow: names what it needs", async () => {
      await store(destination, "a.zip", pieces);
      const message = await failure("AccessDenied", stageAll(await open("rl"), upload, pieces));
      expect(message).toContain("Renew it with read, write, delete and list (rwdl)");
      await failure("AccessDenied", (await open("rwl")).remove("a.zip"));
      await failure("AccessDenied", (await open("wd")).head("a.zip"));
      await failure("AccessDenied", (await open("wdl")).read("a.zip", { offset: 0, length: 1 }));
      await failure("AccessDenied", namesOf((await open("rwd")).list("")));
    });

    it("not the writing where a SAS may write and list, but not read", async () => {
      const writer = await open("wl");
      const stored = await store(writer, upload.name, pieces, { commitid: "mine" });
      expect(stored).toMatchObject({ sizeBytes: 100_005, metadata: { commitid: "mine" } });
      expect(await writer.head(upload.name)).toEqual(stored);
      expect(await writer.head("night.zip2")).toBeUndefined();
      expect(await (await open("rwdl")).head(upload.name)).toEqual(stored);
    });

    it("a container that is not there", async () => {
      const missing = await open("rwdl", 3_600_000, "not-there");
      const works: readonly (() => Promise<unknown>)[] = [
        async () => stageAll(missing, upload, pieces),
        async () => missing.commit(upload, [], {}),
        async () => missing.head("a.zip"),
        async () => missing.read("a.zip", { offset: 0, length: 1 }),
        async () => missing.remove("a.zip"),
        async () => namesOf(missing.list("")),
      ];
      for (const work of works)
        expect(await failure("NotFound", work())).toContain("the container is not there. Create it, or name another.");
    });

    it("a name that a blob of another type has", async () => {
      const client = new ContainerClient(azurite.containerSas(container, "rwdlac", new Date(Date.now() + 3_600_000)));
      await client.getAppendBlobClient(upload.name).create();
      await failure("AlreadyExists", stageAll(destination, upload, pieces));
      await failure("AlreadyExists", destination.commit(upload, [], {}));
    });

    it("to remove what somebody made a snapshot of", async () => {
      await store(destination, upload.name, pieces);
      const client = new ContainerClient(azurite.containerSas(container, "rwdlac", new Date(Date.now() + 3_600_000)));
      await client.getBlobClient(upload.name).createSnapshot();
      expect(await failure("AccessDenied", destination.remove(upload.name))).toContain("snapshots");
    });
  });

  it("lists neither folders nor names it could not read", async () => {
    const client = new ContainerClient(azurite.containerSas(container, "rwdlac", new Date(Date.now() + 3_600_000)));
    await client.getBlockBlobClient("folder").upload("", 0, { metadata: { hdi_isfolder: "true" } });
    await client.getBlockBlobClient("double//slash").upload("x", 1);
    await client.getBlockBlobClient("foreign.zip").upload("x", 1, { metadata: { Upper: "Value" } });
    const found = [];
    for await (const object of destination.list("")) found.push(object);
    expect(found).toMatchObject([{ name: "foreign.zip", sizeBytes: 1, metadata: { upper: "Value" } }]);
    expect(await destination.head("foreign.zip")).toEqual(found[0]);
    expect(count(isList)).toBe(1);
    expect(count(isRemove)).toBe(0);
  });
});
