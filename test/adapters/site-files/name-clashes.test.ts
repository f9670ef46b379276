import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { realRoot } from "../../../src/adapters/site-files/beneath.ts";
import { LocalExchange } from "../../../src/adapters/site-files/exchange/local-exchange.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { foldNamesBelow } from "../../support/folding-names.ts";
import { describeWith } from "../../support/needs.ts";
import { canMount, smallDisk } from "../../support/small-disk.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "lifeboat-clashes-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const clashes = (root: string, ...names: readonly string[]): Promise<readonly string[]> =>
  new LocalExchange({
    run: "restore-1",
    roots: () => [{ at: pathFromText(""), real: realRoot(root) }],
    setMetadata: () => [],
    setMetadataBack: () => [],
  }).clashes([names.map((name) => pathFromText(name))]);

const told = (one: string, other: string): string =>
  `"${one}" and "${other}" cannot both be in the site: its file system takes their names for one.`;

it("tells names that are one among themselves, beside one that is there and is not", async () => {
  writeFileSync(join(folder, "STRASSE"), "");
  utimesSync(folder, 1, 1);
  const names = ["STRASSE", "Straße", "straße"] as const;
  expect(await clashes(folder, ...names)).toEqual([]);
  const unfold = foldNamesBelow(folder);
  try {
    expect(await clashes(folder, ...names)).toEqual([told("Straße", "straße")]);
    expect(await clashes(folder, "STRASSE", "Strasse")).toEqual([told("STRASSE", "Strasse")]);
  } finally {
    unfold();
  }
  expect(readdirSync(folder)).toEqual(["STRASSE"]);
  expect(statSync(folder).mtimeMs).toBe(1_000);
});

describeWith("mount", canMount, "a site on a disk that can only be read", () => {
  it("has none of such names: that nothing can be placed there is told by the check", async () => {
    const disk = smallDisk(1);
    try {
      disk.makeReadOnly();
      expect(await clashes(disk.folder, "Logo.png", "logo.png")).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
