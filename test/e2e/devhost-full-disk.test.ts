import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  buildCrashApp,
  type CrashApp,
  endCrashApp,
  outputOf,
  startCrashApp,
  startOne,
  statusOf,
} from "../support/crash-app.ts";
import { describeWith } from "../support/needs.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";

let folder: string;
let journal: string;
let disk: SmallDisk;
let hosts: CrashApp[];
beforeAll(buildCrashApp);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "devhost-full-"));
  journal = join(folder, "journal");
  writeFileSync(journal, "");
  // SQLite lets its log grow to 4 MB before it tidies up.
  disk = smallDisk(16);
  hosts = [];
});
afterEach(async () => {
  for (const host of hosts) await endCrashApp(host, "SIGKILL");
  disk.remove();
  rmSync(folder, { recursive: true });
});

const start = async (): Promise<CrashApp & { readonly at: string }> => {
  const host = startCrashApp({ journal, dataDir: join(disk.folder, "data") });
  hosts.push(host);
  return { ...host, at: await host.url };
};

const begun = (): readonly string[] => readFileSync(journal, "utf8").split("\n").slice(0, -1);
const ids = Array.from({ length: 10 }, (_, index) => `run-${index}`);

const startAll = async (url: string): Promise<void> => {
  expect(await Promise.all(ids.map((id) => startOne(url, id)))).toEqual(ids.map(() => 202));
};

const expectAllComplete = async ({ at, complaints }: CrashApp & { readonly at: string }): Promise<void> => {
  for (const id of ids)
    await expect
      .poll(() => statusOf(at, id), { timeout: 60_000, interval: 100 })
      .toEqual({ runtimeStatus: "Completed", output: outputOf(id) })
      .catch((error: unknown) => {
        throw new Error(`${id} did not end; the host said:\n${complaints.slice(-20).join("\n")}`, { cause: error });
      });
};

const untilItComplains = async ({ complaints }: CrashApp): Promise<void> => {
  await expect.poll(() => complaints.some((line) => /runs\.db is full/.test(line)), { timeout: 20_000 }).toBe(true);
};

const expectClearWords = ({ complaints }: CrashApp): void => {
  expect(complaints.filter((line) => /^\s+at /.test(line))).toEqual([]);
};

describeWith("mount", canMount, "a disk that gets full under running orchestrations", () => {
  it("stops them, refuses new ones, and all go on where they were once there is room", async () => {
    const host = await start();
    await startAll(host.at);
    disk.fill();
    await untilItComplains(host);
    expect(await startOne(host.at, "one-more")).toBe(503);
    expect((await fetch(`${host.at}/status/one-more`)).status).toBe(404);
    for (const id of ids)
      expect(["Pending", "Running", "Completed"]).toContain((await statusOf(host.at, id)).runtimeStatus);
    disk.empty();
    await expectAllComplete(host);
    expect(begun().length).toBe(new Set(begun()).size);
    expect(begun()).toHaveLength(ids.length * 10);
    expect(await startOne(host.at, "one-more")).toBe(202);
    expectClearWords(host);
  });

  it.each(["SIGKILL", "SIGTERM"] as const)("loses nothing when the host is ended by %s meanwhile", async (signal) => {
    const first = await start();
    await startAll(first.at);
    disk.fill();
    await untilItComplains(first);
    await endCrashApp(first, signal);
    disk.empty();
    const second = await start();
    await expectAllComplete(second);
    expectClearWords(first);
  });
});
