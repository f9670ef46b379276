import { describe, expect, it } from "vitest";
import { expiryOf, hoursIn } from "../../../src/cli/line/durations.ts";
import { showTable } from "../../../src/cli/terminal/show-table.ts";
import { showBytes } from "../../../src/domain/show-bytes.ts";
import { showCount, showMany, showName, showSeconds } from "../../../src/cli/terminal/show-text.ts";

describe("what people read", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.0 KB"],
    [999_949, "999.9 KB"],
    [999_950, "1.0 MB"],
    [190 * 10 ** 12, "190.0 TB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(showBytes(bytes)).toBe(text);
  });

  it.each([
    [0, "0 s"],
    [59.4, "59 s"],
    [60, "1 min 00 s"],
    [3_600, "1 h 00 min"],
    [90_061, "25 h 01 min"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(showSeconds(seconds)).toBe(text);
  });

  it("counts with commas, and one is one", () => {
    expect([showCount(1_234_567), showMany(1, "file"), showMany(1_000, "entry", "entries")]).toEqual([
      "1,234,567",
      "1 file",
      "1,000 entries",
    ]);
  });

  it("shows names that would move the cursor, or turn the text round, by their codes", () => {
    expect(showName("a\u001b[2Jb\r\nc\u009bd\u202egpj")).toBe("a\\x1b[2Jb\\x0d\\x0ac\\x9bd\\u202egpj");
    expect(showName("Größe 漢字")).toBe("Größe 漢字");
    expect(showTable([{ title: "NAME" }], [["a\u001b[31m"]])).toBe("NAME\na\\x1b[31m\n");
  });

  it("lines tables up, with nothing behind the last column", () => {
    expect(
      showTable(
        [{ title: "A" }, { title: "N", right: true }, { title: "B" }],
        [
          ["long", "1", "x"],
          ["b", "100", ""],
        ],
      ),
    ).toBe("A       N  B\nlong    1  x\nb     100\n");
  });
});

describe("times that people type", () => {
  const now = new Date("2026-11-21T12:00:00Z");

  it("are hours, days, weeks, or dates to come", () => {
    expect([hoursIn("12h", "--every"), hoursIn("1d", "--every"), hoursIn("2W", "--every")]).toEqual([12, 24, 336]);
    expect(expiryOf("30d", now)).toBe("2026-12-21T12:00:00.000Z");
    expect(expiryOf("2027-01-31", now, "UTC")).toBe("2027-01-31T00:00:00.000Z");
    expect(expiryOf("2027-01-31", now, "Europe/Berlin")).toBe("2027-01-30T23:00:00.000Z");
  });

  it.each([["0d"], ["d"], ["1m"], ["-1d"], ["1.5h"], [""]])("are refused when they mean nothing: %j", (text) => {
    expect(() => hoursIn(text, "--every")).toThrow(/^--every: /);
  });

  it.each(["2020-01-01", "2027-02-30", "about 2040", "-1d", ""])(
    "are refused when they are no date to come: %j",
    (text) => {
      expect(() => expiryOf(text, now)).toThrow(/date to come/);
    },
  );
});
