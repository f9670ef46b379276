import { describe, expect, it } from "vitest";
import {
  defaultBackupName,
  isOpen,
  maxLogBytes,
  mayBecome,
  nameProblem,
  nameWithStamp,
  shortenLog,
  statusNumber,
} from "../../src/domain/backup.ts";

const now = new Date("2026-11-21T04:05:06.789Z");

describe("a backup's status", () => {
  it("has ARM's numbers", () => {
    expect(
      Object.entries(statusNumber)
        .sort(([, a], [, b]) => a - b)
        .map(([name]) => name),
    ).toEqual([
      "InProgress",
      "Failed",
      "Succeeded",
      "TimedOut",
      "Created",
      "Skipped",
      "PartiallySucceeded",
      "DeleteInProgress",
      "DeleteFailed",
      "Deleted",
    ]);
  });

  it("never leaves Deleted, and never returns to an open one", () => {
    for (const from of ["Deleted", "Succeeded", "Failed", "TimedOut", "Skipped"] as const)
      for (const to of ["Created", "InProgress"] as const) expect(mayBecome(from, to)).toBe(false);
    expect(mayBecome("Deleted", "DeleteInProgress")).toBe(false);
    expect(isOpen("Created") && isOpen("InProgress")).toBe(true);
  });
});

describe("a backup's name", () => {
  it("is the site's with the minute when the caller gave none", () => {
    expect(defaultBackupName("shop", now)).toBe("shop_202611210405");
  });

  it("gets the second, then the millisecond, then a number where it is taken", () => {
    expect([0, 1, 2].map((attempt) => nameWithStamp("nightly", now, attempt))).toEqual([
      "nightly_20261121040506",
      "nightly_20261121040506789",
      "nightly_20261121040506789_2",
    ]);
  });

  it.each([
    ["", "is empty"],
    ["a/../b", "an empty"],
    ["a/./b", "an empty"],
    ["..", "an empty"],
    ["/a", "an empty"],
    ["a//b", "an empty"],
    ["a\\b", "holds"],
    ["a?b", "holds"],
    ["a\u0000b", "holds"],
    [".lifeboat/x", "begins with"],
    ["a.", "ends with"],
    ["x".repeat(201), "longer than 200"],
  ])("is not %j, since it %s", (name, reason) => {
    expect(nameProblem(name)).toContain(reason);
  });

  it.each(["nightly", "2026/11/nightly", "Größe 1", "a.b"])("may be %j", (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });
});

describe("a backup's log", () => {
  it("fits its row and says how much stands elsewhere", () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `file ${index} was locked`);
    const log = shortenLog(lines, "nightly.log");
    expect(Buffer.byteLength(log)).toBeLessThanOrEqual(maxLogBytes);
    const kept = log.split("\n").length - 1;
    expect(log.endsWith(`... and ${lines.length - kept} more lines in nightly.log.`)).toBe(true);
  });
});
