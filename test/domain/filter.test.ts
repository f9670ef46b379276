import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathFromBytes, pathFromText } from "../../src/domain/byte-path.ts";
import { parseFilter } from "../../src/domain/filter.ts";

const excludes = (filter: string, path: string): number | undefined =>
  parseFilter(filter).excludedBy(pathFromText(path))?.number;

describe("a backup filter", () => {
  it.each([
    { line: "\\site\\wwwroot\\Images\\brand.png", path: "site/wwwroot/images/Brand.PNG" },
    { line: "/site/wwwroot/temp", path: "site/wwwroot/temp" },
    { line: "/site/wwwroot/temp/", path: "site/wwwroot/temp/deep/er.txt" },
    { line: "D:\\home\\LogFiles", path: "LogFiles/today.log" },
    { line: "%HOME%\\LogFiles", path: "LogFiles/today.log" },
    { line: "site/wwwroot/*.log", path: "site/wwwroot/a.log" },
    { line: "site/wwwroot/cache-?", path: "site/wwwroot/cache-1/x" },
    { line: "**/node_modules", path: "site/wwwroot/a/node_modules/b/index.js" },
    { line: "**/node_modules", path: "node_modules" },
    { line: "**/**", path: "a" },
    { line: "a/**/**/b", path: "a/b" },
    { line: "site/**/tmp", path: "site/tmp/x" },
    { line: "site/**/tmp", path: "site/a/b/tmp" },
    { line: "site/wwwroot/**", path: "site/wwwroot/x" },
    { line: "site/wwwroot/Größe", path: "site/wwwroot/größe" },
  ])("leaves out $path by the line $line", ({ line, path }) => {
    expect(excludes(line, path)).toBe(1);
  });

  it.each([
    { line: "/site/wwwroot/temp", path: "site/wwwroot/temporary" },
    { line: "site/wwwroot/*.log", path: "site/wwwroot/logs/a.log" },
    { line: "site/wwwroot/**", path: "site/wwwroot" },
    { line: "# site", path: "site" },
    { line: "a.c", path: "abc" },
    { line: "site/wwwroot/cache-?", path: "site/wwwroot/cache-10" },
  ])("keeps $path in spite of the line $line", ({ line, path }) => {
    expect(excludes(line, path)).toBeUndefined();
  });

  it("ignores blank lines, comments, blanks around and a byte order mark, and counts lines as an editor does", () => {
    expect(excludes("\uFEFF# comment\r\n\r\n  /a  \r\n/b", "b")).toBe(4);
  });

  it("names the line of the outermost folder, and of several the first", () => {
    expect(excludes("/a/b\n/a", "a/b")).toBe(2);
    expect(excludes("/x\n/a/*\n/a/b", "a/b")).toBe(2);
  });

  it("copes with names that are not UTF-8", () => {
    const path = pathFromBytes(Buffer.from([0x61, 0x2f, 0xff, 0xfe]));
    expect(parseFilter("/a").excludedBy(path)?.number).toBe(1);
    expect(parseFilter("/b").excludedBy(path)).toBeUndefined();
  });

  it("leaves out everything below what it leaves out", () => {
    const segment = fc.stringMatching(/^[a-c*?]{1,3}$/);
    const name = fc.stringMatching(/^[a-c]{1,3}$/);
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (line, path) => {
          const filter = parseFilter(line.join("/"));
          const outer = filter.excludedBy(pathFromText(path.join("/")));
          const inner = filter.excludedBy(pathFromText([...path, "below"].join("/")));
          expect(outer === undefined || inner !== undefined).toBe(true);
        },
      ),
    );
  });
});
