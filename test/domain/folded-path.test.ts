import { expect, it } from "vitest";
import { pathFromBytes, pathFromText } from "../../src/domain/byte-path.ts";
import { foldedPath } from "../../src/domain/folded-path.ts";

const folded = (path: string): string => foldedPath(pathFromText(path));

it.each([
  ["letter case", "img/README.TXT", "Img/readme.txt"],
  ["letter case outside ASCII", "ÉTÉ.txt", "été.txt"],
  ["letters that are two in upper case", "Straße", "STRASSE"],
  ["two lower cases of one letter", "ΟΔΟΣ", "οδοσ"],
  ["normal forms", "caf\u00e9", "cafe\u0301"],
  ["letters nobody sees", "soft\u00adhyphen", "softhyphen"],
  ["dots and spaces at the end of a name", "a. /b", "a/b"],
])("takes paths for one that differ in %s", (_, one, other) => {
  expect(folded(one)).toBe(folded(other));
});

it("tells other paths apart, and leaves plain ones as they are", () => {
  expect(folded("site/wwwroot/index.html")).toBe("site/wwwroot/index.html");
  expect(folded("A/b")).not.toBe(folded("a/c"));
  expect(folded(".htaccess")).toBe(".htaccess");
});

it("has a key for names that are no UTF-8, too", () => {
  expect(foldedPath(pathFromBytes(Uint8Array.of(0x41, 0xff)))).toBe("a\ufffd");
});
