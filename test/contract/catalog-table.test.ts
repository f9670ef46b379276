import { afterAll, beforeAll } from "vitest";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { Secret } from "../../src/domain/secret.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { describeWith } from "../support/needs.ts";
import { catalogContract } from "./catalog-contract.ts";

describeWith("azurite", azuritePresent, "the catalog in Table Storage", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
  });
  afterAll(() => azurite.stop());

  catalogContract({
    open: () => openTableCatalog({ connection: new Secret(azurite.connectionString), table: "catalog" }),
    isShared: true,
    lasts: true,
    // Azurite cuts keys out of a URL with expressions that these confuse; Table Storage has no such rule.
    refusesKey: (key) => key.startsWith(",") || key.includes("',"),
  });
});
