import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownContainer } from "../../src/adapters/destination/own-container.ts";
import { Secret } from "../../src/domain/secret.ts";
import { namesOf, noise, readAll, store } from "../adapters/destination/blocks.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { describeWith } from "../support/needs.ts";

let runs = 0;
const worksAs = async (location: string): Promise<void> => {
  const name = `run-${++runs}/plan`;
  const scratch = ownContainer(new Secret(location));
  const destination = await scratch();
  await store(destination, name, [noise(1000, "a")]);
  expect((await readAll(await scratch(), name)).equals(noise(1000, "a"))).toBe(true);
  expect(await namesOf(destination.list(`run-${runs}/`))).toEqual([name]);
  expect(await scratch()).toBe(destination);
};

describe("the installation's own container", () => {
  it("is a folder that is made when it is missing", async () => {
    const base = await mkdtemp(join(tmpdir(), "lifeboat-own-"));
    try {
      await worksAs(pathToFileURL(join(base, "data folder", "scratch")).href);
    } finally {
      await rm(base, { recursive: true });
    }
  });

  it("is not opened by a text that is none of its forms, which is not repeated", async () => {
    const scratch = ownContainer(new Secret("AccountName=me;AccountKey=c2VjcmV0"));
    await expect(scratch()).rejects.toThrow(/^LIFEBOAT_SCRATCH cannot be read(?!.*c2VjcmV0)/);
  });
});

describeWith("azurite", azuritePresent, "the installation's own container in an account", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(async () => azurite.stop());

  it("is made by a connection string, and opened again by it", async () => {
    await worksAs(azurite.connectionString);
    await worksAs(azurite.connectionString);
  });

  it("is opened by a SAS that cannot make one", async () => {
    await azurite.createContainer("mine");
    await worksAs(azurite.containerSas("mine", "rwdl", new Date(Date.now() + 3_600_000)));
  });

  it("is missed by name where its SAS cannot make it", async () => {
    const later = azurite.containerSas("later", "rwdl", new Date(Date.now() + 3_600_000));
    const destination = await ownContainer(new Secret(later))();
    await expect(destination.head("x")).rejects.toMatchObject({
      kind: "NotFound",
      message: expect.stringContaining("/later failed (404"),
    });
  });
});
