import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import { defaultRetries, type RetryPolicy } from "../../src/adapters/destination/with-retries.ts";
import { MemorySite } from "../support/memory-site.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { noise, store } from "../adapters/destination/blocks.ts";
import { startProxy, type Fate, type Seen, type StoreProxy } from "../adapters/destination/store-proxy.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { faultTable } from "../support/fault-table.ts";
import { faultyBackups, sasExpires, type Meanwhile } from "../support/faulty-backup.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { describeWith } from "../support/needs.ts";

interface Case {
  /** Requests that may meet the fault: the first of them does, and whatever repeats it. */
  readonly at: (seen: Seen) => boolean;
  readonly fate: Fate;
  /** How often; for ever when it is not given. */
  readonly times?: number;
  /** What looking at the previous archive answers from then on. */
  readonly headAfter?: Fate;
  /** A backup before this one, which it copies from. */
  readonly second?: boolean;
  readonly timeoutMs?: number;
  readonly meanwhile?: (container: Destination) => Meanwhile;
}

const isBlock = ({ url, headers }: Seen): boolean =>
  url.includes("comp=block&") && headers["x-ms-copy-source"] === undefined;
const isCopy = ({ headers }: Seen): boolean => headers["x-ms-copy-source"] !== undefined;
const isCommit = ({ method, url }: Seen): boolean => method === "PUT" && url.includes("comp=blocklist");
const isRead = ({ method, url }: Seen): boolean => method === "GET" && url.includes("night.zip");

const answer = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Fate => ({
  status,
  headers: { "x-ms-error-code": code, ...headers },
});
const expired = { date: new Date(sasExpires.getTime() + 60_000).toUTCString() };
const another = (container: Destination): Meanwhile => ({
  sealArchive: () => store(container, "night.zip", [Buffer.from("another's")]),
});

/** By the first column of docs/faults.md. */
const cases: Readonly<Record<string, Case>> = {
  "503 ServerBusy four times": { at: isBlock, fate: answer(503, "ServerBusy"), times: 4 },
  "503 ServerBusy, lasting": { at: isBlock, fate: answer(503, "ServerBusy") },
  "500 InternalError, lasting": { at: isBlock, fate: answer(500, "InternalError") },
  "connections reset, lasting": { at: isBlock, fate: "reset" },
  "no answer in time, lasting": { at: isBlock, fate: "stall", timeoutMs: 200 },
  "a block damaged on its way": { at: isBlock, fate: "damage", times: 1 },
  "an answer cut short while reading back": { at: isRead, fate: "cut the answer", times: 1 },
  "the commit's answer lost": { at: isCommit, fate: "lose the answer", times: 1 },
  "409 at the commit: another's blob": { at: isCommit, fate: "pass", meanwhile: another },
  "412 at the commit: another's blob": { at: isCommit, fate: answer(412, "ConditionNotMet"), meanwhile: another },
  "409 of another kind": { at: isBlock, fate: answer(409, "OperationNotAllowedInCurrentState") },
  "400 at the commit: staged blocks are gone": { at: isCommit, fate: answer(400, "InvalidBlockList") },
  "403, the SAS expires in the middle": { at: isBlock, fate: answer(403, "AuthenticationFailed", expired) },
  "403, the SAS is withdrawn in the middle": { at: isBlock, fate: answer(403, "AuthenticationFailed") },
  "403, the SAS lacks a permission": { at: isBlock, fate: answer(403, "AuthorizationPermissionMismatch") },
  "403, the account's firewall": { at: isBlock, fate: answer(403, "AuthorizationFailure") },
  "409, the account is over its quota": { at: isBlock, fate: answer(409, "AccountQuotaExceeded") },
  "403, the account is over its quota": { at: isBlock, fate: answer(403, "StorageCapacityExceeded") },
  "507, the store is full": { at: isBlock, fate: answer(507, "InsufficientStorage") },
  "507 at the commit: the store is full": { at: isCommit, fate: { status: 507, headers: {} } },
  "413, blocks are too large for a proxy": { at: isBlock, fate: { status: 413, headers: {} } },
  "403, the account is disabled": { at: isBlock, fate: answer(403, "AccountIsDisabled") },
  "404, the container is deleted in the middle": { at: isBlock, fate: answer(404, "ContainerNotFound") },
  "404, the zip vanishes before it is read back": {
    at: isCommit,
    fate: "pass",
    meanwhile: (container) => ({ readBack: () => container.remove("night.zip") }),
  },
  "404 at a copy: the previous backup is deleted": {
    at: isCopy,
    fate: answer(404, "BlobNotFound"),
    headAfter: answer(404, "BlobNotFound"),
    second: true,
  },
  "412 at a copy: the previous backup is overwritten": {
    at: isCopy,
    fate: answer(412, "SourceConditionNotMet"),
    headAfter: { status: 200, headers: { etag: '"0xANOTHER"', "content-length": "9", "x-ms-blob-type": "BlockBlob" } },
    second: true,
  },
  "403 at a copy: the store may not copy by itself": {
    at: isCopy,
    fate: answer(403, "CannotVerifyCopySource"),
    second: true,
  },
};

describeWith("azurite", azuritePresent, "a backup to a container with", () => {
  let azurite: Azurite;
  let proxy: StoreProxy;
  let containers = 0;
  let name = "";
  let folder: { readonly path: string; readonly remove: () => void };
  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startProxy(azurite.blobUrl);
  });
  afterAll(async () => {
    await proxy.close();
    await azurite.stop();
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    name = `faults-${++containers}`;
    await azurite.createContainer(name);
  });
  afterEach(() => {
    proxy.fate = () => "pass";
    folder.remove();
  });

  const open = async (way: (url: string) => string, timeoutMs = 10_000): Promise<Destination> => {
    const retries: RetryPolicy = { ...defaultRetries, timeoutMs, wait: async () => undefined };
    const { search } = new URL(azurite.containerSas(name, "rwdl", sasExpires));
    return blobContainer({ container: way(`${azurite.blobUrl}/${name}`), sas: new Secret(search), retries });
  };

  const site = (pageBytes: number): MemorySite => {
    let now = 1_800_000_000_000_000_000n;
    const files = new MemorySite({ nowNs: () => now });
    for (let page = 0; page < 50; page++)
      files.writeFile(pathFromText(`site/wwwroot/page-${page}.html`), noise(pageBytes, `page ${page}`));
    now += 60_000_000_000n;
    return files;
  };

  /** Answers how often the request that met the fault was made. */
  const meet = ({ at, fate, headAfter, times = Infinity }: Case): (() => number) => {
    let met: string | undefined;
    let count = 0;
    proxy.fate = (seen) => {
      // A copy and the block that is written instead have one address.
      const request = [seen.method, seen.url, seen.headers["x-ms-range"], isCopy(seen)].join(" ");
      if (met === undefined && at(seen)) met = request;
      const isPrevious = seen.method === "HEAD" && seen.url.includes("first.zip");
      if (count > 0 && isPrevious && headAfter !== undefined) return headAfter;
      if (request !== met) return "pass";
      return count++ < times ? fate : "pass";
    };
    return () => count;
  };

  const table = faultTable("A container");

  it.each([...table])("%s", async (fault, row) => {
    const given = cases[fault];
    if (given === undefined) throw new Error("docs/faults.md names a fault that has no case here.");
    const sound = await open((url) => url);
    const faulty = await open((url) => proxy.through(url), given.timeoutMs);
    // Enough for the store to copy by itself where there is something to copy; else little, for attempts have time by size.
    const files = site(given.second === true ? 20_000 : 100);
    const { backUp, expectEnd } = faultyBackups({ faulty, sound, directory: folder.path, files });
    if (given.second === true) expect((await backUp("first")).status).toBe("Succeeded");
    const asked = meet(given);
    const backup = await backUp("night", given.meanwhile?.(sound));
    await expectEnd(backup, row);
    // The steps of this run are tried twice.
    const tries = row["again"] === "yes" ? 2 : 1;
    expect(asked()).toBe(Number(row["asked"]) * tries);
  });

  it("has a row for every case", () => {
    expect([...table.keys()]).toEqual(Object.keys(cases));
  });
});
