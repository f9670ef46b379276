import { describe } from "vitest";
import { MemoryCatalog } from "../support/memory-catalog.ts";
import { catalogContract } from "./catalog-contract.ts";

describe("the catalog in memory", () => {
  catalogContract({ open: async () => new MemoryCatalog(), isShared: false, lasts: false });
});
