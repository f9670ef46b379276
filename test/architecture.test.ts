import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { arrows, brokenRules } from "./support/arrows.ts";
import { importCircles } from "./support/import-circles.ts";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"))
  .toSorted();
const textOf = (path: string): string => readFileSync(join("src", path), "utf8");

/** Files over 400 lines, each with the reason why it is not two files. */
const long: Readonly<Record<string, string>> = {};

describe("the tree", () => {
  it("follows the arrows", () => {
    expect(files.flatMap((path) => brokenRules(path, textOf(path))).join("\n")).toBe("");
  });

  it("has no circle of imports, in which what runs first would depend on who came first", () => {
    expect(importCircles(new Map(files.map((path) => [path, textOf(path)])))).toEqual([]);
  });

  it("has no circle of folders below one: each builds on others that know nothing of it", () => {
    const folders = new Map<string, string>();
    for (const path of files) {
      const [top = "", folder = "", file] = path.split("/");
      if (file === undefined || !["operations", "cli", "api", "devhost"].includes(top)) continue;
      const others = [...textOf(path).matchAll(/ from "\.\.\/([\w-]+)\//g)].map(([, other]) => other ?? "");
      const seen = others.map((other) => `import { any } from "./${other}";`);
      folders.set(`${top}/${folder}`, [folders.get(`${top}/${folder}`), ...seen].join("\n"));
    }
    expect(importCircles(folders)).toEqual([]);
  });

  it("explains every folder in a README of a few lines", () => {
    const folders = [...new Set(files.map(dirname))].filter((folder) => folder !== ".");
    const wrong = folders.filter((folder) => {
      const readme = join("src", folder, "README.md");
      return !existsSync(readme) || readFileSync(readme, "utf8").trim().split("\n").length > 12;
    });
    expect(wrong).toEqual([]);
  });

  it("keeps files under 400 lines, or says why not", () => {
    const over = files.filter((path) => textOf(path).split("\n").length > 400);
    expect(over).toEqual(Object.keys(long).toSorted());
  });
});

describe("a search for circles", () => {
  const inFile = (name: string, ...lines: readonly string[]): readonly [string, string] => [name, lines.join("\n")];

  it("finds those of values, also over several files, and lets types be", () => {
    const b = inFile("x/b.ts", `import { c } from "../y/c.ts";`);
    const c = inFile("y/c.ts", `import type { B } from "../x/b.ts";`, `import { type A, a } from "../x/a.ts";`);
    const values = inFile("x/a.ts", `import {\n  b,\n  type B,\n} from "./b.ts";`);
    expect(importCircles(new Map([values, b, c]))).toEqual([["x/a.ts", "x/b.ts", "y/c.ts", "x/a.ts"]]);
    const types = inFile("x/a.ts", `import { type B } from "./b.ts";`);
    expect(importCircles(new Map([types, b, c]))).toEqual([]);
  });
});

describe("the tests", () => {
  it("register hooks themselves: a file they share is loaded once for several of them", () => {
    const shared = readdirSync("test", { recursive: true, encoding: "utf8" }).filter((path) =>
      /(?<!\.test)\.ts$/.test(path),
    );
    const withHooks = shared.filter((path) =>
      /^(before|after)(Each|All)\(/m.test(readFileSync(join("test", path), "utf8")),
    );
    expect(withHooks).toEqual([]);
  });
});

describe("the arrow table", () => {
  it.each([
    ["domain/site.ts", `import { readFile } from "node:fs/promises";`, "domain is pure"],
    ["domain/site.ts", `import { z } from "zod";`, "domain is pure"],
    ["domain/site.ts", `import type { Catalog } from "../ports/catalog.ts";`, "domain is pure"],
    ["domain/site.ts", `const now = Date.now();`, "come in as arguments"],
    ["ports/clock.ts", `export * from "../adapters/clock/system.ts";`, "ports are contracts"],
    ["ports/runner.ts", `import { steps } from "../workflows/contract.ts";`, "ports are contracts"],
    ["archive/read-zip.ts", `import { FileUnreadable } from "../ports/site-files.ts";`, "bytes into bytes"],
    ["archive/read-zip.ts", `import { type SiteFiles } from "../ports/site-files.ts";`, "bytes into bytes"],
    ["archive/read-zip.ts", `import { connect } from "node:net";`, "bytes into bytes"],
    ["archive/open-archive.ts", `import { openSync } from "node:fs";`, "bytes into bytes"],
    ["archive/records/end-records.ts", `import { seal } from "../shards/seal.ts";`, "only the folders below"],
    ["archive/bounded.ts", `import { seal } from "./shards/seal.ts";`, "only the folders below"],
    ["steps/backup/open-backup.ts", `import { createBackup } from "../../operations/create-backup.ts";`, "steps see"],
    ["workflows/backup-site.ts", `import type { OrchestrationContext } from "durable-functions";`, "workflows replay"],
    ["workflows/backup-site.ts", `import { packShard } from "../steps/pack-shard.ts";`, "workflows replay"],
    ["steps/backup/pack-shard.ts", `import { BlobContainer } from "../../adapters/destination/blob.ts";`, "steps see"],
    ["steps/backup/pack-shard.ts", `import "../../config.ts";`, "steps see"],
    ["operations/list.ts", `const root = process.env["LIFEBOAT_DATA"];`, "only reader of the environment"],
    ["api/handle.ts", `import type { HttpRequest } from "@azure/functions";`, "Request -> Response"],
    ["api/handle.ts", `import { Refusal,\n  refuse,\n} from "../steps/open-backup.ts";`, "Request -> Response"],
    ["adapters/catalog/table.ts", `import { etagOf } from "../destination/blob.ts";`, "never another adapter's folder"],
    ["adapters/catalog/table.ts", `import { app } from "@azure/functions";`, "never the Functions SDKs"],
    ["adapters/catalog/table.ts", `const fs = await import("../site-host/disk.ts");`, "never another adapter's folder"],
    ["adapters/catalog/table.ts", `const part = await import(name);`, "loaded by a literal name"],
    ["functions/http.ts", `import { TableCatalog } from "../adapters/catalog/table.ts";`, "no adapter"],
    ["functions/http.ts", `console.log("started");`, "no run and no site"],
    ["devhost/http.ts", `import type { Log } from "../ports/log.ts";`, "knows nothing of backups"],
    ["devhost/http.ts", `import * as df from "durable-functions";`, "knows nothing of backups"],
    ["config.ts", `import { app } from "./main.ts";`, "turns the environment"],
    ["main.ts", `import { run } from "./devhost/cli.ts";`, "everything but the devhost"],
    ["start.ts", `import "./main.ts";`, "never by an import of main.ts"],
    ["portal/app.ts", `import { z } from "zod";`, "no arrow"],
    ["domain/site.ts", `export default class Site {}`, "No default exports"],
  ])("refuses in %s: %s", (path, line, reason) => {
    const broken = brokenRules(path, `const first = 1;\n${line}\n`);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain(`src/${path}:2: ${line.replace(/\s+/g, " ").slice(0, 12)}`);
    expect(broken[0]).toContain(reason);
  });

  it.each([
    ["domain/backup.ts", `import type { SiteId } from "./site.ts";`],
    ["archive/read-zip.ts", `import type { Destination } from "../ports/destination.ts";`],
    ["archive/read-zip.ts", `import { inflateRawSync } from "node:zlib";`],
    ["operations/rows/backup.ts", `import type { Catalog } from "../../ports/catalog.ts";`],
    ["steps/backup/open-backup.ts", `import type { StepInput } from "../../workflows/contract.ts";`],
    ["archive/threads/hash-files-job.ts", `import { openSync } from "node:fs";`],
    ["steps/backup/open-backup.ts", `import { readSiteRow } from "../../operations/rows/site-row.ts";`],
    ["adapters/destination/blob.ts", `import { stageAll } from "./stage-all.ts";`],
    ["adapters/destination/blob.ts", `import { BlobServiceClient } from "@azure/storage-blob";`],
    ["functions/http.ts", `import { app } from "@azure/functions";`],
    ["devhost/invoke.ts", `import type { HttpHandler } from "@azure/functions";`],
    ["main.ts", `import { createBackup } from "./operations/create-backup.ts";`],
    ["start.ts", `import { startHost } from "./devhost/start-host.ts";`],
    ["domain/filter.ts", `// import { z } from "zod" was tried and is not needed`],
    ["domain/filter.ts", `const text = "Names are taken from the listing";`],
  ])("allows in %s: %s", (path, line) => {
    expect(brokenRules(path, `${line}\n`)).toEqual([]);
  });

  it("names only folders that can exist", () => {
    for (const { sees, types = [] } of Object.values(arrows))
      for (const seen of [...sees, ...types]) expect(Object.keys(arrows)).toContain(seen.split("/")[0]);
  });
});
