import { describe, expect, it } from "vitest";
import { nameFault } from "../../../src/archive/records/safe-name.ts";
import { pathFromBytes, pathFromText } from "../../../src/domain/byte-path.ts";

describe("names in archives", () => {
  it.each([
    "index.html",
    "site/wwwroot/.well-known/x",
    "a..b/...",
    "trailing./dots.. ",
    "back\\slash",
    "C:/drive",
    "con/aux.txt",
    "ünï/漢字/💾",
    ".hidden/..also",
  ])("accepts %j, which stays below its target", (name) => {
    expect(nameFault(pathFromText(name))).toBeUndefined();
  });

  it.each([
    ["", "no name"],
    ["/etc/passwd", "absolute"],
    ["/", "absolute"],
    ["..", '".."'],
    ["../x", '".."'],
    ["a/../../x", '".."'],
    ["a/..", '".."'],
    ["./a", '"."'],
    ["a/./b", '"."'],
    ["a//b", "empty segment"],
    ["a/", "empty segment"],
    ["a\0b", "NUL"],
  ])("refuses %j and says why", (name, why) => {
    expect(nameFault(pathFromText(name))).toContain(why);
  });

  it("accepts bytes that are no UTF-8", () => {
    expect(nameFault(pathFromBytes(Uint8Array.of(0xff, 0xfe, 0x2f, 0x80)))).toBeUndefined();
  });
});
