import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPartial, manifestLeftOut, ManifestInvalid, type Manifest } from "../../src/domain/manifest.ts";
import { pathFromBytes, pathFromText } from "../../src/domain/byte-path.ts";
import { encodeManifest } from "../../src/manifest/encode-manifest.ts";
import { maxManifestBytes } from "../../src/manifest/manifest-xml.ts";
import { readManifest } from "../../src/manifest/read-manifest.ts";
import { writeManifest } from "../../src/manifest/write-manifest.ts";
import { bareManifest, fullManifest } from "./example.ts";

const codeOf = (read: () => unknown): string => {
  try {
    return `read: ${JSON.stringify(read())}`;
  } catch (error) {
    if (error instanceof ManifestInvalid) return error.code;
    throw error;
  }
};

/** The same text with a checksum that is right, as a forger would write it. */
const forged = (text: string): Buffer => {
  const body = text.slice(0, text.indexOf("  <checksum"));
  const checksum = createHash("sha256").update(body).digest("hex");
  return Buffer.from(`${body}  <checksum sha256="${checksum}"/>\n</backup>\n`);
};

describe("a manifest", () => {
  it.each([
    ["with everything", fullManifest],
    ["with nothing", bareManifest],
  ])("%s is read as it was written", (_what, manifest) => {
    expect(readManifest(writeManifest(manifest))).toEqual({ isOurs: true, manifest });
  });

  it("has the same bytes for the same value", () => {
    expect(writeManifest(fullManifest)).toEqual(writeManifest(structuredClone(fullManifest)));
  });

  it("holds any text and any name", () => {
    const text = fc.string({ unit: "binary" });
    const path = fc.uint8Array({ minLength: 1, maxLength: 30 }).map(pathFromBytes);
    const left = fc.record({ path, reason: text });
    fc.assert(
      fc.property(fc.array(fc.record({ number: fc.nat(), text })), fc.array(left), text, (filter, listed, name) => {
        const manifest: Manifest = {
          ...fullManifest,
          filter,
          leftOut: { count: listed.length, listed },
          backup: { ...fullManifest.backup, name },
        };
        expect(readManifest(writeManifest(manifest))).toEqual({ isOurs: true, manifest });
      }),
      { numRuns: 200 },
    );
  });

  it("is partial when its filter has lines", () => {
    expect([isPartial(fullManifest), isPartial(bareManifest)]).toEqual([true, false]);
  });

  it("lists what was left out as far as it fits, and counts all of it", () => {
    const all = Array.from({ length: 12_000 }, (_, index) => ({ path: pathFromText(`f${index}`), reason: "gone" }));
    const leftOut = manifestLeftOut(all);
    expect([leftOut.count, leftOut.listed.length, leftOut.listed[0]?.path]).toEqual([12_000, 10_000, "f0"]);
    const long = manifestLeftOut(all.map((one) => ({ ...one, reason: "x".repeat(1000) })));
    expect(long.listed.length).toBeLessThan(2200);
  });
});

describe("writing", () => {
  it.each([
    ["a time without zone", { backup: { ...bareManifest.backup, started: "2026-11-21T02:00:00" } }],
    ["a day that does not exist", { backup: { ...bareManifest.backup, started: "2026-02-30T02:00:00.000Z" } }],
    ["half a file", { contents: { ...bareManifest.contents, files: 0.5 } }],
    ["a negative size", { archive: { ...bareManifest.archive, sizeBytes: -1 } }],
    ["no commit id", { archive: { ...bareManifest.archive, commitId: "" } }],
    ["fewer left out than listed", { leftOut: { ...fullManifest.leftOut, count: 1 } }],
  ])("refuses %s", (_what, wrong) => {
    expect(codeOf(() => writeManifest({ ...bareManifest, ...wrong }))).toBe("BadValue");
  });

  it("refuses half a character", () => {
    const wrong = { ...bareManifest, version: "\ud800" };
    expect(() => writeManifest(wrong)).toThrow("Half a character");
  });
});

describe("reading", () => {
  const bytes = writeManifest(fullManifest);
  const text = bytes.toString("utf8");

  it("finds every single flipped bit", () => {
    const unseen: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (codeOf(() => readManifest(copy)).startsWith("read")) unseen.push(bit);
    }
    expect(unseen).toEqual([]);
  });

  it("finds every cut", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => readManifest(bytes.subarray(0, length)))).not.toMatch(/^read/);
  });

  it.each([
    ["an edited filter", text.replace("/tmp", "/*"), "Altered"],
    ["other line ends", text.replaceAll("\n", "\r\n"), "Altered"],
    ["a format of the future", text.replace("manifest:1", "manifest:2"), "NewerFormat"],
    ["another namespace", text.replace("urn:lifeboat", "urn:other"), "Altered"],
    ["a document type", text.replace("<backup", '<!DOCTYPE a [<!ENTITY a "b">]>\n<backup'), "NotXml"],
    ["an end that is missing", text.slice(0, -10), "NotXml"],
    ["nothing", "", "NotXml"],
    ["no XML", "PK\x03\x04", "NotXml"],
    ["two roots", "<a/><b/>", "NotXml"],
    ["an unknown entity", '<a b="&lol;"/>', "NotXml"],
    ["a name that programs trip over", "<constructor/>", "NotXml"],
    ["elements in elements without end", `${"<a>".repeat(500)}${"</a>".repeat(500)}`, "NotXml"],
  ])("refuses %s", (_what, given, code) => {
    expect(codeOf(() => readManifest(Buffer.from(given)))).toBe(code);
  });

  it.each([
    ["an attribute nobody knows", text.replace("<site ", '<site more="1" '), "Altered"],
    ["an element nobody knows", text.replace("  <databases>", "  <more/>\n  <databases>"), "Altered"],
    ["two archives", text.replace("  <contents", '  <archive name="b"/>\n  <contents'), "BadValue"],
    ["no archive", text.replace(/ {2}<archive .*\n/, ""), "BadValue"],
    ["a missing attribute", text.replace(' name="shop"', ""), "BadValue"],
    ["a number that is none", text.replace('files="35000"', 'files="-1"'), "BadValue"],
    ["a number with a zero before it", text.replace('files="35000"', 'files="035000"'), "BadValue"],
    ["a number that no number holds", text.replace('files="35000"', 'files="9999999999999999"'), "BadValue"],
    ["a percent sign alone", text.replace("%25", "%"), "BadValue"],
    ["small hexadecimal digits", text.replace("%FF", "%ff"), "BadValue"],
    ["a needless escape", text.replace('name="shop"', 'name="%73hop"'), "Altered"],
    ["a wrong word on whether it is partial", text.replace('partial="true"', 'partial="false"'), "Altered"],
    ["a comment", text.replace("  <site", "  <!-- x -->\n  <site"), "Altered"],
  ])("refuses %s, also with the right checksum", (_what, given, code) => {
    expect(given).not.toBe(text);
    expect(codeOf(() => readManifest(forged(given)))).toBe(code);
  });

  it("refuses what is not UTF-8, and what is too large", () => {
    expect(codeOf(() => readManifest(Buffer.from("<a b='\xe9'/>", "latin1")))).toBe("NotXml");
    expect(codeOf(() => readManifest(Buffer.alloc(maxManifestBytes + 1, " ")))).toBe("TooLarge");
  });

  it("knows another program's description as one", () => {
    const other =
      '<?xml version="1.0" encoding="utf-8"?>\r\n<!-- App Service -->\r\n<Backup><Site Name="a &amp; b"/></Backup>';
    expect(readManifest(Buffer.from(other))).toEqual({ isOurs: false, root: "Backup" });
    expect(readManifest(Buffer.from(`\ufeff${other}`))).toEqual({ isOurs: false, root: "Backup" });
  });

  it("does not take ours without its namespace for another program's", () => {
    expect(codeOf(() => readManifest(encodeManifest(fullManifest).subarray(0, -1)))).toBe("Altered");
    expect(codeOf(() => readManifest(Buffer.from(text.replace(/ xmlns="[^"]+"/, ""))))).toBe("Altered");
  });
});
