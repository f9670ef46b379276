import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NotJson, parseTolerantJson } from "../../src/api/wire/tolerant-json.ts";

describe("JSON as people write it", () => {
  it("is read as JSON.parse reads it, whatever it holds", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parseTolerantJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a": 1, }', { a: 1 }],
    ["[1, 2,]", [1, 2]],
    ['// first\n{ /* a\n b */ "a" /* c */ : "x" } // last', { a: "x" }],
    ['\uFEFF{"a":"// no comment, /* nor this */"}', { a: "// no comment, /* nor this */" }],
    ['{"a":1,"a":2}', { a: 2 }],
    ["[]", []],
  ])("takes comments and commas behind the last item: %s", (text, value) => {
    expect(parseTolerantJson(text)).toEqual(value);
  });

  it.each([
    ["", 1, 1],
    ['{\n  "sig": planted }', 2, 10],
    ['{\n  \u201csig\u201d: "planted" }', 2, 3],
    ['{"a":1 "planted":2}', 1, 8],
    ['{"a":"planted', 1, 6],
    ['{"a":"\\x"}', 1, 6],
    ['{"a" "planted"}', 1, 6],
    ["[1, 2", 1, 6],
    ["[,]", 1, 2],
    ["{} planted", 1, 4],
    ["01", 1, 1],
    ["truest", 1, 5],
    ["/* planted", 1, 1],
    ["'planted'", 1, 1],
  ])("says where %j goes wrong, and repeats nothing of it", (text, line, column) => {
    const wrong = ((): unknown => {
      try {
        return parseTolerantJson(text);
      } catch (error) {
        return error;
      }
    })();
    expect(wrong).toBeInstanceOf(NotJson);
    expect(wrong).toMatchObject({ line, column });
    expect(String(wrong)).not.toContain("planted");
  });

  it("refuses what is nested so deeply that it could only be an attack", () => {
    expect(() => parseTolerantJson("[".repeat(1_000_000))).toThrow(/nested too deeply/);
  });

  it("gives a member named __proto__ to the object, not to its kind", () => {
    const value = parseTolerantJson('{"__proto__": {"isAdmin": true},}');
    expect(Object.hasOwn(value as object, "__proto__")).toBe(true);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it("takes texts of megabytes before the test runs out of time", () => {
    const long = `{"a":"${"x".repeat(2_000_000)}", "b": [${"1,".repeat(200_000)}],}`;
    const { a, b } = parseTolerantJson(long) as { readonly a: string; readonly b: readonly number[] };
    expect([a.length, b.length]).toEqual([2_000_000, 200_000]);
  });
});
