import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/file-tree.ts";
import { plantedIn, tracesOf, type Canary } from "./support/planted-secrets.ts";
import { rawZip } from "./support/raw-zip.ts";

const canary: Canary = { name: "the key", text: 'pl4nted/Key+with=odd&signs;"7' };
const found = (text: string | Uint8Array): readonly string[] =>
  plantedIn([canary], [{ where: "here", bytes: Buffer.from(text as string) }]);

describe("a search for planted secrets", () => {
  it.each<readonly [string, (text: string) => string | Uint8Array]>([
    ["as it is", (text) => `before ${text} after`],
    ["escaped", (text) => `?sig=${encodeURIComponent(text)}&x`],
    ["escaped twice", (text) => encodeURIComponent(encodeURIComponent(text))],
    ["escaped in lower case", (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase())],
    ["in a form", (text) => new URLSearchParams({ a: "b", key: text, c: "d" }).toString()],
    ["in JSON", (text) => JSON.stringify({ key: text })],
    ["in JSON in JSON", (text) => JSON.stringify({ input: JSON.stringify({ key: text }) })],
    ["in XML", (text) => `<key>${text.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}</key>`],
    ["in base64", (text) => Buffer.from(text).toString("base64")],
    ["in base64 behind one byte", (text) => Buffer.from(`x${text} and more`).toString("base64")],
    ["in base64 behind two bytes", (text) => Buffer.from(`{"${text}"}`).toString("base64url")],
    ["in base64 of JSON", (text) => Buffer.from(JSON.stringify({ a: 1, key: text })).toString("base64")],
    ["in hexadecimal", (text) => Buffer.from(text).toString("hex")],
    ["in UTF-16", (text) => Buffer.from(text, "utf16le")],
    ["cut in the middle", (text) => text.slice(0, 16)],
    ["without its beginning", (text) => `...${text.slice(-16)}`],
  ])("finds one %s", (_, spelled) => {
    expect(found(spelled(canary.text)).length).toBeGreaterThan(0);
  });

  it("finds none where there is none, and takes no canary that other text may hold", () => {
    expect(found("before [secret] after pl4nted")).toEqual([]);
    expect(() => plantedIn([{ name: "short", text: "abc" }], [])).toThrow("too short");
  });

  it("passes over the place where one belongs, and no other", () => {
    const belongs = { ...canary, livesIn: /^admin-key$/ };
    const bytes = Buffer.from(canary.text);
    expect(plantedIn([belongs], [{ where: "admin-key", bytes }])).toEqual([]);
    expect(plantedIn([belongs], [{ where: "runs.db", bytes }]).length).toBeGreaterThan(0);
  });
});

describe("the traces in a folder", () => {
  let folder: { readonly path: string; readonly remove: () => void };
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => folder.remove());
  const inFolder = (): readonly string[] => plantedIn([canary], tracesOf(folder.path));

  it("are its files and their names", () => {
    mkdirSync(join(folder.path, "a"));
    writeFileSync(join(folder.path, "a", "b.log"), canary.text);
    writeFileSync(join(folder.path, `x-${encodeURIComponent(canary.text)}`), "");
    expect(inFolder().join("\n")).toMatch(/a\/b\.log at 0[\s\S]*its name/);
  });

  it("are the rows of its databases, also where a page ends in the middle", () => {
    const database = new Database(join(folder.path, "runs.db"));
    database.exec("CREATE TABLE inputs (id INTEGER, value TEXT)");
    const insert = database.prepare("INSERT INTO inputs VALUES (?, ?)");
    for (let before = 0; before < 40; before++) insert.run(before, "x".repeat(4_060 + before) + canary.text);
    database.close();
    const rows = inFolder().filter((line) => line.includes("the key as it is in runs.db, inputs.value"));
    expect(rows).toHaveLength(40);
  });

  it("are the settings inside archives, and not the site's own files", () => {
    const zipOf = (name: string): Buffer => rawZip([{ name, content: canary.text }]);
    writeFileSync(join(folder.path, "one.zip"), zipOf("fs/site/wwwroot/secret.txt"));
    expect(inFolder()).toEqual([]);
    writeFileSync(join(folder.path, "two.zip"), zipOf("configuration.json"));
    expect(inFolder().join("\n")).toContain("two.zip, configuration.json");
  });
});
