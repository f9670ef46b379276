import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Given } from "../../../src/cli/command.ts";
import { givenAppSettings, givenConnectionStrings } from "../../../src/cli/sites/site-settings.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-settings-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (text: string): string => {
  const path = join(folder, "given");
  writeFileSync(path, text);
  return path;
};
const typed = (strings: readonly string[], settings?: string): Given => ({
  text: (name) => (name === "appSettingsFile" ? settings : undefined),
  need: () => "",
  texts: () => strings,
  flag: () => false,
});
const strings = async (given: readonly string[], answers: readonly string[] = []) => {
  const { context } = fakeContext(fakeTerminal({ answers: [...answers] }));
  const variable = (name: string): string | undefined => (name === "DATABASE_URL" ? "postgres://u:p@h/d" : undefined);
  const found = await givenConnectionStrings({ ...context, variable }, typed(given), folder);
  return Object.fromEntries([...found].map(([name, { value, type }]) => [name, `${type} ${value.reveal()}`]));
};

describe("connection strings of a new site", () => {
  it("come from a file, a variable, or are typed, each of its kind", async () => {
    const given = [`a=${file("Server=x;Database=y\n")}`, "b:Postgres=env:DATABASE_URL", "c:mysql=-"];
    expect(await strings(given, ["mysql://h/d"])).toEqual({
      a: "Custom Server=x;Database=y",
      b: "PostgreSQL postgres://u:p@h/d",
      c: "MySql mysql://h/d",
    });
  });

  it.each(["main=Server=x;Password=planted", "main=postgres://u:planted@h/d", "main", "main:oracle=file", "=file"])(
    "are never arguments, and are not repeated when they were: %s",
    async (text) => {
      const failure: unknown = await strings([text]).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "ConnectionStringInvalid" });
      expect(String(failure)).not.toContain("planted");
    },
  );

  it("have to be there, and only once", async () => {
    await expect(strings(["a=env:NOTHING"])).rejects.toMatchObject({ code: "ConnectionStringMissing" });
    await expect(strings(["a=-"])).rejects.toMatchObject({ code: "ConnectionStringMissing" });
    await expect(strings([`a=${join(folder, "none")}`])).rejects.toMatchObject({ code: "FileUnreadable" });
    await expect(strings(["a=env:DATABASE_URL", "a=env:DATABASE_URL"])).rejects.toMatchObject({
      code: "ConnectionStringTwice",
    });
  });
});

describe("app settings of a new site", () => {
  const settings = (text: string) => {
    const found = givenAppSettings(typed([], file(text))) ?? {};
    return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, value.reveal()]));
  };

  it.each([
    ["# a comment\nMODE=dark\nKEY='a=b'\n", { MODE: "dark", KEY: "a=b" }],
    ['{"MODE":"dark","COUNT":3,"ON":true}', { MODE: "dark", COUNT: "3", ON: "true" }],
    ['[{"name":"MODE","value":"dark","slotSetting":false}]', { MODE: "dark" }],
  ])("are lines, an object, or what az prints: %j", (text, expected) => {
    expect(settings(text)).toEqual(expected);
  });

  it.each(["", "planted", '{"MODE":{"a":"planted"}}', '["planted"]', '{"MODE": planted}'])(
    "are refused, and not repeated, when they are neither: %j",
    (text) => {
      expect(() => settings(text)).toThrow(/holds neither lines of NAME=VALUE nor a JSON object of texts\.$/);
    },
  );
});
