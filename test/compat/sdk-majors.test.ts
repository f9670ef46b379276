import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, tlsUrl } from "../support/lifeboat-process.ts";
import { describeWith } from "../support/needs.ts";
import type { ArmClientOptions } from "./arm-client.ts";
import { majors } from "./sdk-client.ts";
import { operations, tellStory, type Stage } from "./sdk-story.ts";

interface Store {
  readonly environment: Readonly<Record<string, string>>;
  /** The container for a site's backups. */
  readonly container: (site: string) => Promise<Pick<Stage, "container" | "names">>;
}

/** All majors at the same time against one service, each with a site of its own. */
const stories = (open: (data: string) => Promise<Store>): void => {
  const folder = temporaryFolder();
  const data = join(folder.path, "data");
  let store: Store;
  let given: ArmClientOptions;

  beforeAll(async () => {
    mkdirSync(join(data, "sites"), { recursive: true });
    for (const major of Object.keys(majors)) {
      const home = join(folder.path, `sdk${major}`);
      mkdirSync(join(home, "site", "wwwroot"), { recursive: true });
      writeFileSync(join(home, "site", "wwwroot", "index.html"), `<h1>${major}</h1>`);
      const connectionStrings = { main: { value: "Server=db", type: "MySql" } };
      const file = { home, appSettings: { COLOUR: "red" }, connectionStrings };
      writeFileSync(join(data, "sites", `sdk${major}.json`), JSON.stringify(file));
    }
    store = await open(data);
    const service = await startLifeboat({ data, flags: ["--tls-port", "0"], environment: store.environment });
    const { secret }: { readonly secret: string } = JSON.parse(readFileSync(join(data, "admin-key"), "utf8"));
    given = { endpoint: tlsUrl(service), authorityFile: join(data, "tls", "ca.pem"), secret };
  });
  afterAll(async () => {
    await killAll();
    folder.remove();
  });

  it.concurrent.each(Object.entries(majors))("goes from a backup to its end with %s", async (major, open) => {
    const [client, paging] = [await open(given), await open({ ...given, top: 1 })];
    const site = `sdk${major}`;
    const places = {
      home: join(folder.path, site),
      slotHome: join(data, "www", `${site}.staging`),
    };
    const called = await tellStory({ client, paging, site, ...places, ...(await store.container(site)) });
    const all = operations.flatMap((operation) => [operation, `${operation}Slot`]);
    const had = all.filter((operation) => client.has(operation));
    expect([...called].filter((operation) => all.includes(operation)).toSorted()).toEqual(had.toSorted());
  });
};

describe("every major of @azure/arm-appservice and a directory", () => {
  stories(async (data) => ({
    environment: {},
    container: async (site) => {
      const directory = join(data, "backups", site);
      mkdirSync(directory, { recursive: true });
      return { container: pathToFileURL(directory).href, names: async () => readdirSync(directory) };
    },
  }));
});

describeWith("azurite", azuritePresent, "every major of @azure/arm-appservice and a blob container", () => {
  let azurite: Azurite;
  beforeAll(async () => void (azurite = await startAzurite()));
  afterAll(async () => azurite.stop());

  stories(async () => ({
    environment: { LIFEBOAT_ALLOW_HTTP_STORAGE: "true", LIFEBOAT_STORAGE_HOSTS: "127.0.0.1" },
    container: async (site) => {
      await azurite.createContainer(site);
      const container = azurite.containerSas(site, "rwdl", new Date(Date.now() + 86_400_000));
      const names = async (): Promise<readonly string[]> => {
        const found: string[] = [];
        for await (const { name } of new ContainerClient(container).listBlobsFlat()) found.push(name);
        return found;
      };
      return { container, names };
    },
  }));
});
