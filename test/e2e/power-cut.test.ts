import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { lines, noise } from "../support/contents.ts";
import { readTree, temporaryFolder, treeText } from "../support/file-tree.ts";
import { randomOf } from "../support/interleaving.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { canLogDisk, loggedDisk, type LoggedDisk } from "../support/logged-disk.ts";
import { powerCuts } from "../support/long-runs.ts";
import { isProven } from "../support/proven-backup.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";

/** What must hold where the power is cut from a moment on. */
interface Promised {
  /** What the site may be like; undefined while somebody else changes it. */
  readonly site: readonly string[] | undefined;
  /** Backups that were told to have succeeded. */
  readonly whole: readonly number[];
  /** Backups that are being deleted, or are. */
  readonly going: readonly number[];
}

const reason = powerCuts === 0 ? "LIFEBOAT_POWER_CUTS is not set" : "a disk that can be logged is missing";

describe.runIf(powerCuts > 0 && canLogDisk)(
  powerCuts > 0 && canLogDisk ? "power cuts" : `power cuts [skipped: ${reason}]`,
  { timeout: 7_200_000 },
  () => {
    it.each(["ext4", "xfs", "btrfs"] as const)("on %s take back nothing that was told", async (fileSystem) => {
      const folder = temporaryFolder();
      const story = new Story(await loggedDisk(folder.path, fileSystem));
      onTestFinished(async () => {
        await killAll();
        await story.disk.end();
        folder.remove();
      });
      await story.tell();
      const random = randomOf(3);
      for (let cut = 0; cut < powerCuts; cut++) {
        const { at, promised, name } = story.moment(random);
        const kept = Math.floor(random() * 4) / 3;
        const heal = story.disk.cutAfter(at, () => random() < kept);
        try {
          await expectPromised(story, promised, `${name}, cut after ${at} writes, ${kept} of the last ones kept`);
        } finally {
          await killAll();
          heal();
        }
      }
    });
  },
);

/** A service on a logged disk, what it was asked to do, and what it promised by each moment. */
class Story {
  readonly disk: LoggedDisk;
  readonly #moments: { readonly at: number; readonly name: string; readonly promised: Promised }[] = [];

  constructor(disk: LoggedDisk) {
    this.disk = disk;
  }

  get data(): string {
    return join(this.disk.folder, "data");
  }

  state(): string {
    return treeText(readTree(join(this.disk.folder, "home")));
  }

  /** Any moment, and often the one right behind an answer. */
  moment(random: () => number): { readonly at: number; readonly name: string; readonly promised: Promised } {
    const any = <Item>(items: readonly Item[]): Item =>
      items[Math.floor(random() * items.length)] ?? expect.unreachable();
    if (random() < 0.3) return any(this.#moments);
    const [first, last] = [this.#moments[0]?.at ?? 0, this.#moments.at(-1)?.at ?? 0];
    const at = first + Math.floor(random() * (last - first));
    return { ...(this.#moments.findLast((moment) => moment.at <= at) ?? expect.unreachable()), at };
  }

  async tell(): Promise<void> {
    const home = join(this.disk.folder, "home");
    mkdirSync(join(this.data, "sites"), { recursive: true });
    writeFileSync(join(this.data, "sites", "shop.json"), JSON.stringify({ home }));
    write(home, 0);
    symlinkSync("large", join(home, "link"));
    this.#settle();
    const service = await start(this.data);
    const client = serviceClient(service.url, bearer(this.data), "shop");
    const first = this.state();
    const none = { site: [first], whole: [], going: [] };
    await this.#during("the first backup", none, { ...none, whole: [1] }, () => backUp(client, 1));
    this.#promise("somebody changes the site", { site: undefined, whole: [1], going: [] });
    rmSync(join(home, "folder-3"), { recursive: true });
    write(home, 1);
    this.#settle();
    const second = this.state();
    const two = { site: [second], whole: [1, 2], going: [] };
    await this.#during("the second backup", { ...two, whole: [1] }, two, () => backUp(client, 2));
    const either = { ...two, site: [first, second] };
    const asFirst = { ...two, site: [first] };
    await this.#during("a restore", either, asFirst, () => restore(client, 1));
    await this.#during("its undo", either, two, () => undo(client));
    await this.#during("another restore", either, asFirst, () => restore(client, 1));
    const going = { ...asFirst, going: [2] };
    await this.#during("a deletion", going, going, () => remove(client, 2));
    const ended = once(service.child, "close");
    service.child.kill("SIGTERM");
    await ended;
    await this.disk.end();
  }

  #settle(): void {
    execFileSync("sync", ["-f", this.disk.folder]);
  }

  #promise(name: string, promised: Promised): void {
    this.#moments.push({ at: this.disk.count(), name, promised });
  }

  async #during(name: string, meanwhile: Promised, afterwards: Promised, work: () => Promise<void>): Promise<void> {
    this.#promise(name, meanwhile);
    await work();
    this.#promise(`behind ${name}`, afterwards);
    expect(afterwards.site).toContain(this.state());
  }
}

const write = (home: string, round: number): void => {
  for (let number = round; number < 200; number += 1 + 2 * round) {
    mkdirSync(join(home, `folder-${number % 9}`), { recursive: true });
    writeFileSync(join(home, `folder-${number % 9}/file-${number}`), noise(100 + 97 * number, number + round + 1));
  }
  writeFileSync(join(home, "large"), noise(9 * 2 ** 20, round + 1));
  writeFileSync(join(home, `lines-${round}`), lines(2 ** 20));
};

const start = async (data: string): Promise<LifeboatProcess> => {
  const service = await startLifeboat({ data, environment: { LIFEBOAT_TLS_PORT: "0" } });
  if (service.url === "") throw new Error(`The service did not start: ${service.output()}`);
  return service;
};

const backUp = async (client: ServiceClient, number: number): Promise<void> => {
  expect((await client.ask("POST", "/backup", {})).status).toBe(200);
  expect(await client.ended(number)).toMatchObject({ status: "Succeeded" });
};

const restore = async (client: ServiceClient, backup: number): Promise<void> =>
  endsWell(client, await client.begin(`/backups/${backup}/restore`, { overwrite: true }));

const undo = async (client: ServiceClient): Promise<void> => endsWell(client, await client.begin("/undo"));

const endsWell = async (client: ServiceClient, operation: string): Promise<void> =>
  expect(await client.operationEnded(operation)).toMatchObject({ status: "Succeeded" });

const remove = async (client: ServiceClient, backup: number): Promise<void> => {
  expect((await client.ask("DELETE", `/backups/${backup}`)).status).toBe(200);
  await vi.waitFor(async () => expect((await client.backups()).map(({ id }) => id)).not.toContain(backup), 60_000);
};

const expectPromised = async (story: Story, { site, whole, going }: Promised, when: string): Promise<void> => {
  const service = await start(story.data);
  const client = serviceClient(service.url, bearer(story.data), "shop");
  // A new one begins when nothing else goes on any more, and must succeed.
  const next = await vi.waitFor(
    async () => {
      const { status, body } = await client.ask("POST", "/backup", {});
      expect(status, when).toBe(200);
      return Number(body["properties"]?.["id"]);
    },
    { timeout: 300_000, interval: 200 },
  );
  expect(await client.ended(next), `${when}: ${service.output()}`).toMatchObject({ status: "Succeeded" });
  if (site !== undefined) expect(site, when).toContain(story.state());
  const backups = await client.backups();
  const succeeded = backups.filter(({ status }) => status === "Succeeded");
  const missing = whole.filter((id) => !going.includes(id) && !succeeded.some((backup) => backup.id === id));
  expect(missing, when).toEqual([]);
  const destination = directoryDestination(join(story.data, "backups/shop"));
  for (const { blobName } of succeeded)
    expect(await isProven(destination, blobName), `${when}: ${blobName}`).toBe(true);
};
