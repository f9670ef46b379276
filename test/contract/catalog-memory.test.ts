import { describe } from "vitest";
import { MemoryCatalog } from "../../src/adapters/catalog/memory.ts";
import { catalogContract } from "./catalog-contract.ts";

describe("the catalog in memory", () => {
  catalogContract({ open: async () => new MemoryCatalog(), isShared: false, lasts: false });
});
