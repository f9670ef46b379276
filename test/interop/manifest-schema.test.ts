import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { writeManifest } from "../../src/manifest/write-manifest.ts";
import { bareManifest, fullManifest } from "../manifest/example.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

const faults = (xml: string | Buffer): string =>
  spawnSync("xmllint", ["--noout", "--schema", "docs/manifest.xsd", "-"], { input: xml, encoding: "utf8" }).stderr;

describeWith("xmllint", hasCommand("xmllint"), "docs/manifest.xsd", () => {
  const full = writeManifest(fullManifest).toString("utf8");

  it("accepts what is written", () => {
    expect(faults(full)).toBe("- validates\n");
    expect(faults(writeManifest(bareManifest))).toBe("- validates\n");
  });

  it.each([
    ["a missing element", full.replace(/ {2}<archive .*\n/, "")],
    ["elements in another order", full.replace(/( {2}<site .*\n)( {2}<run .*\n)/, "$2$1")],
    ["an attribute nobody knows", full.replace("<site ", '<site more="1" ')],
    ["a missing attribute", full.replace(' name="shop"', "")],
    ["a number with a zero before it", full.replace('files="35000"', 'files="035000"')],
    ["a time without zone", full.replace("02:00:00.000Z", "02:00:00.000")],
    ["a percent sign alone", full.replace("%25", "%")],
    ["another commit id", full.replace("-2345", "")],
    ["another namespace", full.replace("manifest:1", "manifest:2")],
  ])("refuses %s", (_what, xml) => {
    expect(xml).not.toBe(full);
    expect(faults(xml)).toContain("fails to validate");
  });
});
