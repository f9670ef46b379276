import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { settingNames } from "../src/settings/settings.ts";

describe("docs/settings.md", () => {
  it("has a row for every setting, in the order of the code, and no other", () => {
    const rows = [...readFileSync("docs/settings.md", "utf8").matchAll(/^\| `(LIFEBOAT_\w+)`/gm)].map(
      ([, name]) => name,
    );
    expect(rows).toEqual(settingNames);
  });
});
