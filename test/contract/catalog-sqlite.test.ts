import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { openSqliteCatalog } from "../../src/adapters/catalog/sqlite.ts";
import { catalogContract } from "./catalog-contract.ts";

describe("the catalog in SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-catalog-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  catalogContract({ open: () => openSqliteCatalog(join(folder, "lifeboat.db")), isShared: false, lasts: true });
});
