import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { httpOf } from "../../src/api/arm-error.ts";
import { exitCodeOf, exitCodes } from "../../src/cli/exit-code.ts";
import { exitMeanings } from "../../src/cli/line/exit-table.ts";

describe("exit codes", () => {
  it("follow from what the service refuses: every code of the register has its number", () => {
    const byNumber = Object.entries(httpOf).map(([code, { status }]) => [code, exitCodeOf(status, code)] as const);
    const with_ = (number: number): readonly string[] =>
      byNumber.filter(([, exit]) => exit === number).map(([code]) => code);
    expect(with_(exitCodes.failed)).toEqual(["DiskFull", "Internal", "RestoreFailed", "RouteNotFound"]);
    expect(with_(exitCodes.notFound)).toEqual(
      expect.arrayContaining(["BackupNotFound", "SiteNotFound", "PathNotInBackup"]),
    );
    expect(with_(exitCodes.notAllowed)).toEqual(
      expect.arrayContaining(["CallerNotAllowed", "CallerUnknown", "TooManyRequests"]),
    );
    expect(with_(exitCodes.unreachable)).toEqual(["Unavailable"]);
    expect(with_(exitCodes.refused)).toEqual(
      expect.arrayContaining(["SiteBusy", "ArchiveAltered", "DestinationRefused", "InvalidField"]),
    );
    expect(with_(exitCodes.done)).toEqual([]);
  });

  it("stand in docs/cli.md with their meaning", () => {
    const rows = [...readFileSync("docs/cli.md", "utf8").matchAll(/^\| (\d) +\| (.+?) +\|$/gm)].map(
      ([, number, meaning]) => [Number(number), meaning],
    );
    const wanted = Object.entries(exitCodes).map(([name, number]) => [
      number,
      Object.entries(exitMeanings).find(([one]) => one === name)?.[1],
    ]);
    expect(rows).toEqual(wanted);
  });
});
