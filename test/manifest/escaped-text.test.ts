import fc from "fast-check";
import { expect, it } from "vitest";
import { escapedText, unescapedBytes } from "../../src/manifest/escaped-text.ts";

it("brings any bytes back", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const text = escapedText(given);
      expect(unescapedBytes(text)).toEqual(Buffer.from(given));
      // oxlint-disable-next-line no-control-regex -- what XML cannot hold
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/);
    }),
  );
});

it.each([
  ["site/wwwroot/Übergröße 🛟", "site/wwwroot/Übergröße 🛟"],
  ["100%", "100%25"],
  ["new\nline\0", "new%0Aline%00"],
  ["\ufffe", "%EF%BF%BE"],
  ["\u0085", "%C2%85"],
])("writes %j as %j", (given, written) => {
  expect(escapedText(Buffer.from(given))).toBe(written);
});

it("escapes exactly the bytes that are no UTF-8", () => {
  const bytes = Buffer.concat([Buffer.from("é"), Buffer.of(0xe9), Buffer.from("🛟a"), Buffer.of(0xf0, 0x9f)]);
  expect(escapedText(bytes)).toBe("é%E9🛟a%F0%9F");
});

it("refuses a percent sign without two capital digits", () => {
  for (const text of ["%", "%4", "50% off", "%c3"]) expect(unescapedBytes(text)).toBeUndefined();
});
