import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { ownSettings, restoredConfiguration } from "../../../src/steps/restore/restored-configuration.ts";

const settings = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
const plain = (values: Readonly<Record<string, Secret>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.reveal()]));

describe("a restored configuration", () => {
  it("keeps the target's own of what belongs to the place, in whatever letters it is written", () => {
    const { configuration, lines } = restoredConfiguration(
      {
        appSettings: settings({ MODE: "b", website_contentshare: "b", WEBSITE_RUN_FROM_PACKAGE: "1" }),
        connectionStrings: {},
      },
      { appSettings: settings({ MODE: "t", ADDED: "t", WEBSITE_CONTENTSHARE: "t" }), connectionStrings: {} },
    );
    expect(plain(configuration.appSettings)).toEqual({ MODE: "b", WEBSITE_CONTENTSHARE: "t" });
    expect(lines).toEqual([
      "The configuration was restored: 1 app settings and 0 connection strings.",
      "Not restored, because they belong to the place: website_contentshare, WEBSITE_RUN_FROM_PACKAGE.",
    ]);
  });

  it("has the table in the documents", () => {
    const rows = readFileSync("docs/restore.md", "utf8").matchAll(/^\| `(\w+)` +\| no +\| (.*?) +\|$/gm);
    expect(Object.fromEntries([...rows].map(([, name, why]) => [name, why]))).toEqual(ownSettings);
  });
});
