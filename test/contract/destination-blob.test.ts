import { afterAll, beforeAll } from "vitest";
import { blobContainer } from "../../src/adapters/destination/blob-container.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Destination } from "../../src/ports/destination.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { describeWith } from "../support/needs.ts";
import { destinationContract } from "./destination-contract.ts";
import type { Subject } from "./destination-contract.ts";

describeWith("azurite", azuritePresent, "against Azurite,", () => {
  let azurite: Azurite;
  let containers = 0;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(async () => azurite.stop());

  const withSas = async (): Promise<Subject> => {
    const name = `container-${++containers}`;
    await azurite.createContainer(name);
    const sasUrl = new URL(azurite.containerSas(name, "rwdl", new Date(Date.now() + 3_600_000)));
    const open = async (): Promise<Destination> =>
      blobContainer({
        container: `${azurite.blobUrl}/${name}`,
        sas: new Secret(sasUrl.search.slice(1)),
        pageSize: 3,
      });
    return { destination: await open(), reopened: open, dispose: async () => undefined };
  };

  destinationContract("a blob container", withSas);
});
