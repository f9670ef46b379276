import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileAudit } from "../../../src/adapters/audit/file-audit.ts";
import { logAudit } from "../../../src/adapters/audit/log-audit.ts";
import type { AuditEntry } from "../../../src/ports/audit.ts";

let folder: string;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-audit-"));
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (event: string, fields?: object): void => void logged.push(`${event} ${JSON.stringify(fields)}`);
const log = { info: line, warn: line, error: line };

const entry = (operation: string): AuditEntry => ({
  at: "2026-11-21T12:00:00.000Z",
  request: "r",
  caller: { kind: "key", id: "nightly", name: "nightly", role: "operator" },
  source: "192.0.2.1",
  operation,
  site: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop",
  facts: { backup: 7 },
  result: "done",
  status: 200,
});
const operations = (file: string): readonly string[] =>
  readFileSync(join(folder, file), "utf8")
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => {
      const { operation }: AuditEntry = JSON.parse(text);
      return operation;
    });

it("keeps a line of JSON for each entry, in order, for its owner's eyes", async () => {
  const audit = fileAudit(folder);
  await Promise.all(Array.from({ length: 50 }, (_, index) => audit.record(entry(`o${index}`), log)));
  expect(operations("audit.log")).toEqual(Array.from({ length: 50 }, (_, index) => `o${index}`));
  expect(statSync(join(folder, "audit.log")).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(join(folder, "audit.log"), "utf8").split("\n")[0] ?? "")).toEqual(entry("o0"));
});

it("keeps whoever writes line breaks into a name within his own line", async () => {
  await fileAudit(folder).record(entry('x\r\n{"operation":"forged"}\u2028'), log);
  expect(operations("audit.log")).toHaveLength(1);
});

it("goes on behind what an earlier process wrote, also behind half a line", async () => {
  await fileAudit(folder).record(entry("first"), log);
  appendFileSync(join(folder, "audit.log"), '{"operation":"cut of');
  await fileAudit(folder).record(entry("second"), log);
  const lines = readFileSync(join(folder, "audit.log"), "utf8").split("\n");
  expect(lines.slice(0, 3).map((text) => text.includes("first") || text.includes("second"))).toEqual([
    true,
    false,
    true,
  ]);
  expect(lines).toHaveLength(4);
});

it("begins another file when one is full, and lets go of the oldest", async () => {
  const fileBytes = JSON.stringify(entry("o00")).length * 3;
  const audit = fileAudit(folder, { fileBytes, kept: 2 });
  for (let index = 10; index < 22; index++) await audit.record(entry(`o${index}`), log);
  expect(readdirSync(folder).toSorted()).toEqual(["audit.1.log", "audit.2.log", "audit.log"]);
  const all = ["audit.2.log", "audit.1.log", "audit.log"].flatMap(operations);
  expect(all.at(-1)).toBe("o21");
  expect(all).toEqual(Array.from({ length: all.length }, (_, index) => `o${22 - all.length + index}`));
  expect(all.length).toBeGreaterThanOrEqual(5);
});

it("is not ended by a file that is taken away", async () => {
  const audit = fileAudit(folder);
  await audit.record(entry("one"), log);
  rmSync(join(folder, "audit.log"));
  await audit.record(entry("two"), log);
  expect(operations("audit.log")).toEqual(["two"]);
});

it("tells all of an entry that cannot be kept to the log, and goes on when it can", async () => {
  mkdirSync(join(folder, "audit.log"));
  const audit = fileAudit(folder);
  await audit.record(entry("lost"), log);
  expect(logged).toEqual([expect.stringMatching(/^audit entry not kept .*"operation":"lost"/)]);
  rmSync(join(folder, "audit.log"), { recursive: true });
  await audit.record(entry("kept"), log);
  expect(operations("audit.log")).toEqual(["kept"]);
});

it("is an event of the log where instances come and go", async () => {
  await logAudit.record(entry("createBackup"), log);
  expect(logged).toEqual([`audit ${JSON.stringify(entry("createBackup"))}`]);
  expect(existsSync(join(folder, "audit.log"))).toBe(false);
});
