import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startAzurite } from "../support/azurite.ts";
import { readTree, temporaryFolder, treeText } from "../support/file-tree.ts";
import { randomOf } from "../support/interleaving.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { serviceClient, type Ended } from "../support/service-client.ts";

/** 100 in a full run. */
const kills = Number(process.env["LIFEBOAT_KILLS"] ?? 4);
const files = 300;

interface Place {
  readonly name: string;
  /** What a backup to it is asked with, and the service's settings for it. */
  readonly open: () => Promise<{
    readonly properties: Readonly<Record<string, string>>;
    readonly environment: Readonly<Record<string, string>>;
    readonly close: () => Promise<void>;
  }>;
}

const places: readonly Place[] = [
  {
    name: "a directory",
    open: async () => ({ properties: {}, environment: {}, close: async () => undefined }),
  },
  {
    name: "a container, which is not killed",
    open: async () => {
      const azurite = await startAzurite();
      await azurite.createContainer("backups");
      const storageAccountUrl = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 86_400_000));
      return {
        properties: { storageAccountUrl },
        environment: { LIFEBOAT_STORAGE_HOSTS: "127.0.0.1", LIFEBOAT_ALLOW_HTTP_STORAGE: "true" },
        close: () => azurite.stop(),
      };
    },
  },
];

describe.each(places)("restores from $name and undos, with the service killed", ({ open }) => {
  const folder = temporaryFolder();
  const data = join(folder.path, "data");
  const home = join(folder.path, "home");
  const at = (path: string): string => join(home, "site/wwwroot", path);
  const random = randomOf(7);

  let place: Awaited<ReturnType<Place["open"]>>;
  let service: LifeboatProcess;
  let backedUp: string;

  const start = async (environment: Readonly<Record<string, string>> = {}): Promise<void> => {
    service = await startLifeboat({
      data,
      environment: { LIFEBOAT_TLS_PORT: "0", ...place.environment, ...environment },
    });
    if (service.url === "") throw new Error(`The service did not start: ${service.output()}`);
  };
  const kill = async (): Promise<void> => {
    const ended = once(service.child, "close");
    service.child.kill("SIGKILL");
    await ended;
  };

  const client = () => serviceClient(service.url, bearer(data), "shop");

  const ask = (path: string, properties?: Readonly<Record<string, unknown>>): Promise<string> =>
    client().begin(path, properties);
  const restore = (): Promise<string> => ask("/backups/1/restore", { overwrite: true, recoverConfiguration: true });

  const ended = (id: string): Promise<Ended> =>
    client()
      .operationEnded(id)
      .catch((cause: unknown) => {
        throw new Error(`Operation ${id} never ended: ${service.output().slice(-2_000)}`, { cause });
      });

  const state = (): string => treeText(readTree(home));

  const build = (): void => {
    for (let number = 0; number < files; number++) {
      mkdirSync(at(`folder-${number % 20}`), { recursive: true });
      writeFileSync(at(`folder-${number % 20}/file-${number}`), `${number} `.repeat(500 + number * 20));
    }
    symlinkSync("folder-1/file-1", at("link"));
  };

  /** Another mess in every round: changed, gone, new, and of another kind. */
  const wreck = (round: number): void => {
    rmSync(at(`folder-${(round + 19) % 20}`), { recursive: true, force: true });
    // What earlier rounds made of folders, where an undo has brought that back.
    for (let number = 0; number < 20; number++) {
      const folderOrFile = at(`folder-${number}`);
      if (statSync(folderOrFile, { throwIfNoEntry: false })?.isFile()) rmSync(folderOrFile);
    }
    for (let number = round % 5; number < files; number += 5)
      rmSync(at(`folder-${number % 20}/file-${number}`), { recursive: true, force: true });
    for (let number = round % 3; number < files; number += 7) {
      const file = at(`folder-${number % 20}/file-${number}`);
      mkdirSync(join(file, ".."), { recursive: true });
      rmSync(file, { recursive: true, force: true });
      writeFileSync(file, `hacked ${round}`);
    }
    const victim = at(`folder-${round % 20}`);
    rmSync(victim, { recursive: true, force: true });
    writeFileSync(victim, `a file where a folder was, ${round}`);
    mkdirSync(at(`new-${round}/below`), { recursive: true });
    writeFileSync(at(`new-${round}/below/shell.php`), "<?php");
  };

  const areas = (): readonly string[] => readdirSync(folder.path).filter((name) => name.startsWith(".lifeboat-"));
  const workFiles = (): readonly string[] => {
    const scratch = join(data, "scratch");
    if (!existsSync(scratch)) return [];
    return readdirSync(scratch, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  };

  /** Either all of it or nothing; and the site runs. */
  const expectWhole = ({ status, log }: Ended, before: string, wanted: string): void => {
    expect(["Succeeded", "Failed"]).toContain(status);
    const expected = status === "Succeeded" ? wanted : before;
    const differing = (of: string, from: string): readonly string[] => {
      const known = new Set(from.split("\n"));
      return of.split("\n").filter((line) => !known.has(line));
    };
    const [is, shouldBe] = [state(), expected];
    expect({ is: differing(is, shouldBe), shouldBe: differing(shouldBe, is) }, `${status}: ${log}`).toEqual({
      is: [],
      shouldBe: [],
    });
    expect(existsSync(at("app_offline.htm"))).toBe(false);
  };

  beforeAll(async () => {
    place = await open();
    mkdirSync(join(data, "sites"), { recursive: true });
    mkdirSync(at(""), { recursive: true });
    const site = { home, appSettings: { MODE: "backed up" } };
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify(site));
    build();
    await start();
    backedUp = state();
    expect((await client().ask("POST", "/backup", { properties: place.properties })).status).toBe(200);
    expect(await client().ended(1)).toMatchObject({ status: "Succeeded" });
  });
  afterAll(async () => {
    await killAll();
    await place.close();
    folder.remove();
  });

  it("at random moments, end fully restored or fully as before, and leave nothing behind", async () => {
    wreck(0);
    const began = performance.now();
    await ended(await restore());
    const oneRestoreMs = performance.now() - began;
    let succeeded = 0;
    for (let round = 1; round <= kills; round++) {
      wreck(round);
      const before = state();
      const operation = await restore();
      await pause(random() * oneRestoreMs);
      await kill();
      await start();
      const done = await ended(operation);
      expectWhole(done, before, backedUp);
      if (done.status !== "Succeeded") continue;
      succeeded++;
      const undo = await ask("/undo");
      await pause(random() * oneRestoreMs * 0.6);
      await kill();
      await start();
      expectWhole(await ended(undo), backedUp, before);
    }
    // An interruption is no reason to fail: the step is run again.
    expect(succeeded).toBe(kills);
    await ended(await restore());
    await expect.poll(workFiles, { timeout: 60_000 }).toEqual([]);
    expect(areas()).toHaveLength(1);
    const site: { appSettings: unknown } = JSON.parse(readFileSync(join(data, "sites", "shop.json"), "utf8"));
    expect(site.appSettings).toEqual({ MODE: "backed up" });
    await ended(await ask("/undo"));
    await expect.poll(areas, { timeout: 60_000 }).toEqual([]);
  });

  it("and cancelled before that, at random moments, end as before unless it was too late", async () => {
    wreck(50);
    const began = performance.now();
    await ended(await restore());
    const oneRestoreMs = performance.now() - began;
    for (let round = 51; round <= 50 + kills / 3; round++) {
      wreck(round);
      const before = state();
      const operation = await restore();
      await pause(random() * oneRestoreMs);
      const { status } = await client().ask("DELETE", `/operations/${operation}`);
      await pause((random() * oneRestoreMs) / 4);
      await kill();
      await start();
      const done = await ended(operation);
      expectWhole(done, before, backedUp);
      expect([status, done.status]).toEqual(status === 200 ? [200, "Failed"] : [409, "Succeeded"]);
      if (status === 200) expect(done.log).toMatch(/^It was cancelled\./);
    }
    await ended(await restore());
    await expect.poll(workFiles, { timeout: 60_000 }).toEqual([]);
    expect(areas().length).toBeLessThanOrEqual(1);
  });

  it("right before any of the changes of an exchange, end well also", async () => {
    const counted = join(folder.path, "count");
    const hook = pathToFileURL("test/support/end-at-change.mjs").href;
    const ending = (point: number) => ({
      NODE_OPTIONS: `--import=${hook}`,
      END_AT: String(point),
      END_COUNT: counted,
    });
    // How many changes there are, with a mess that has some of each.
    await kill();
    await start(ending(1_000_000));
    const mess = (): void => {
      writeFileSync(at("folder-3/file-3"), "hacked");
      rmSync(at("folder-4"), { recursive: true });
      writeFileSync(at("folder-4"), "a file where a folder was");
      mkdirSync(at("new"));
      writeFileSync(at("new/shell.php"), "<?php");
    };
    const first = state();
    await ended(await restore());
    expect(state() === backedUp || first === backedUp).toBe(true);
    mess();
    const before = state();
    rmSync(counted, { force: true });
    await ended(await restore());
    const ofRestore = Number(readFileSync(counted, "utf8"));
    expect(state()).toBe(backedUp);
    await ended(await ask("/undo"));
    const changes = Number(readFileSync(counted, "utf8")) - ofRestore;
    expect(state()).toBe(before);
    expect(changes).toBeGreaterThan(30);

    const every = Math.max(1, Math.floor((2 * changes) / Math.max(kills, 1)));
    for (let point = 1; point < 2 * changes; point += every) {
      await kill();
      await start(ending(point));
      const operation = await restore();
      await Promise.race([service.ended, ended(operation).catch(() => undefined)]);
      if (service.child.exitCode === null && service.child.signalCode === null) await kill();
      await start();
      expectWhole(await ended(operation), before, backedUp);
      expectWhole(await ended(await ask("/undo")), backedUp, before);
    }
  });
});
