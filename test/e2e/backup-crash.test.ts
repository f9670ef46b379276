import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { serviceClient, type ListedBackup, type ServiceClient } from "../support/service-client.ts";
import { isProven } from "../support/proven-backup.ts";

/** 100 in a full run. */
const kills = Number(process.env["LIFEBOAT_KILLS"] ?? 6);
const files = 400;

interface Place {
  readonly name: string;
  readonly open: () => Promise<{
    readonly url: string;
    readonly destination: Destination;
    readonly close: () => Promise<void>;
  }>;
}

const places: readonly Place[] = [
  {
    name: "a directory",
    open: async () => {
      const folder = temporaryFolder();
      return {
        url: `file://${folder.path}`,
        destination: directoryDestination(folder.path),
        close: async () => folder.remove(),
      };
    },
  },
  {
    name: "a container, which is not killed",
    open: async () => {
      const azurite: Azurite = await startAzurite();
      const container = await azurite.createContainer("backups");
      const url = azurite.containerSas("backups", "rwdl", new Date(Date.now() + 86_400_000));
      const sas = new Secret(new URL(url).search.slice(1));
      return { url, destination: await blobContainer({ container, sas }), close: () => azurite.stop() };
    },
  },
];

describe.each(places)("backups to $name, with the service killed at random moments", ({ open }) => {
  const folder = temporaryFolder();
  const data = join(folder.path, "data");
  const home = join(folder.path, "home");
  let place: Awaited<ReturnType<Place["open"]>>;
  let random = 42;
  /** The same moments in every run, as far as the machine allows. */
  const chance = (below: number): number => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (random / 2_147_483_648) * below;
  };

  const start = async (): Promise<{ readonly service: LifeboatProcess; readonly client: ServiceClient }> => {
    const service = await startLifeboat({
      data,
      environment: {
        LIFEBOAT_FILE_ROOTS: place.url.replace("file://", ""),
        LIFEBOAT_STORAGE_HOSTS: "127.0.0.1",
        LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
        LIFEBOAT_TLS_PORT: "0",
      },
    });
    if (service.url === "") throw new Error(`The service did not start: ${service.output()}`);
    return { service, client: serviceClient(service.url, bearer(data), "shop") };
  };
  const kill = async ({ child }: LifeboatProcess): Promise<void> => {
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  };
  const writeSome = (round: number): void => {
    for (let number = round % 7; number < files; number += round === 0 ? 1 : 7)
      writeFileSync(join(home, `site/wwwroot/file-${number}.txt`), `${round} ${number} `.repeat(3_000 + number));
  };
  const settled = async (client: ServiceClient): Promise<readonly ListedBackup[]> => {
    for (let waits = 0; waits < 1_200; waits++) {
      const backups = await client.backups();
      if (backups.every(({ status }) => status !== "Created" && status !== "InProgress")) return backups;
      await pause(50);
    }
    throw new Error(`Backups never ended: ${JSON.stringify(await client.backups())}`);
  };

  beforeAll(async () => {
    place = await open();
    mkdirSync(join(home, "site/wwwroot"), { recursive: true });
    mkdirSync(join(data, "sites"), { recursive: true });
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home }));
    writeSome(0);
  });
  afterAll(async () => {
    await place.close();
    folder.remove();
  });

  it("end in a final state, verify when they say Succeeded, and leave nothing half", async () => {
    const acknowledged = new Set<number>();
    const backUp = async (client: ServiceClient): Promise<void> => {
      const { status, body } = await client.ask("POST", "/backup", { properties: { storageAccountUrl: place.url } });
      if (status === 200 || status === 202) acknowledged.add(body["properties"]?.["id"] ?? -1);
      else expect(status).toBe(409);
    };
    let { service, client } = await start();
    const began = Date.now();
    await backUp(client);
    await settled(client);
    const oneBackupMs = Date.now() - began;
    for (let round = 1; round <= kills; round++) {
      writeSome(round);
      await backUp(client);
      await pause(chance(oneBackupMs));
      await kill(service);
      ({ service, client } = await start());
      // Half of the kills hit a run that had been killed before.
      if (chance(1) < 0.5) await settled(client);
    }
    const backups = await settled(client);
    expect(new Set(backups.map(({ id }) => id))).toEqual(acknowledged);
    expect(backups.filter(({ status }) => status !== "Succeeded")).toEqual([]);

    const names: string[] = [];
    for await (const { name } of place.destination.list("")) names.push(name);
    expect(names.filter((name) => name.endsWith(".zip")).sort()).toEqual(
      backups.map(({ blobName }) => blobName).sort(),
    );
    for (const { blobName } of backups) expect(await isProven(place.destination, blobName)).toBe(true);
    expect(
      readdirSync(join(data, "scratch"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
    ).toEqual([]);
    // Another backup goes through: nothing is stuck.
    await backUp(client);
    expect((await settled(client)).at(-1)).toMatchObject({ status: "Succeeded" });
    await kill(service);
  });
});
