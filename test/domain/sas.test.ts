import { describe, expect, it } from "vitest";
import { parseSas, sasExpiry, sasFindings, type SasProblem } from "../../src/domain/sas.ts";
import { Secret } from "../../src/domain/secret.ts";

const hour = 3_600_000;
const now = new Date("2026-11-21T12:00:00Z");
const sas = (query: string): Secret => new Secret(query);
const good = "sp=rwdl&st=2026-11-01T00:00:00Z&se=2027-11-01T00:00:00Z&spr=https&sv=2024-11-04&sr=c&sig=abc%2Bdef%3D";

const problems = (query: string, neededForMs = hour): readonly SasProblem[] =>
  sasFindings(sas(query), { now, neededForMs }).map((finding) => finding.problem);

describe("a SAS", () => {
  it("tells its kind, permissions and times", () => {
    expect(parseSas(sas(good))).toEqual({
      kind: "container",
      isSigned: true,
      permissions: "rwdl",
      starts: new Date("2026-11-01T00:00:00Z"),
      expires: new Date("2027-11-01T00:00:00Z"),
    });
  });

  it.each([
    ["se=2023-02-05T01%3A11Z", "2023-02-05T01:11:00.000Z"],
    ["?se=2023-02-05", "2023-02-05T00:00:00.000Z"],
    ["se=2023-02-05T01:11:12.1234567Z", "2023-02-05T01:11:12.123Z"],
    ["se=2023-02-05T02:11:12%2B01:00", "2023-02-05T01:11:12.000Z"],
    ["se=tomorrow", undefined],
    ["se=2023-13-45T00:00Z", undefined],
    ["si=policy", undefined],
  ])("ends, by %s, at %s", (query, end) => {
    expect(sasExpiry(sas(query))?.toISOString()).toBe(end);
  });

  it("that allows everything and lasts raises nothing", () => {
    expect(problems(good)).toEqual([]);
    expect(problems(`?${good}`)).toEqual([]);
    expect(problems("sv=2024-11-04&ss=bf&srt=sco&sp=rwdlac&se=2027-01-01&sig=x")).toEqual([]);
  });

  it.each<[string, readonly SasProblem[]]>([
    [good.replace(/&sig=.*/, ""), ["NotSigned"]],
    ["", ["NotSigned"]],
    [good.replace("sr=c", "sr=b"), ["WrongKind"]],
    [good.replace("sr=c", "sr=d"), ["WrongKind"]],
    ["sv=2024-11-04&ss=f&srt=sco&sp=rwdl&se=2027-01-01&sig=x", ["WrongKind"]],
    ["sv=2024-11-04&ss=b&srt=s&sp=rwdl&se=2027-01-01&sig=x", ["WrongKind"]],
    [good.replace("2026-11-01T00:00:00Z", "2026-11-21T12:06:00Z"), ["NotYetValid"]],
    [good.replace("2026-11-01T00:00:00Z", "2026-11-21T12:04:00Z"), []],
    [good.replace("2027-11-01T00:00:00Z", "2026-11-21T12:00:00Z"), ["Expired"]],
    [good.replace("2027-11-01T00:00:00Z", "2026-11-21T12:59:59Z"), ["EndsSoon"]],
    [good.replace("2027-11-01T00:00:00Z", "2026-11-21T13:00:00Z"), []],
    [good.replace("sp=rwdl", "sp=rl"), ["LacksWrite", "LacksDelete"]],
    [good.replace("sp=rwdl", "sp=wl"), ["LacksRead", "LacksDelete"]],
    [good.replace("sp=rwdl", "sp=w"), ["WriteOnly", "LacksDelete"]],
    [good.replace("sp=rwdl", "sp=rcl"), ["LacksWrite", "LacksDelete"]],
    ["sv=2024-11-04&sr=c&si=nightly&sig=x", []],
  ])("%s: %j", (query, expected) => {
    expect(problems(query)).toEqual(expected);
  });

  it("names errors first, and no finding holds the signature", () => {
    const findings = sasFindings(sas("sp=l&se=2020-01-01&sr=b&sig=TopSecretSignature"), { now, neededForMs: hour });
    expect(findings.map((finding) => finding.severity)).toEqual(["error", "error"]);
    const all = sasFindings(sas("sp=l&se=2026-11-21T12:10Z&sr=c&sig=TopSecretSignature"), { now, neededForMs: hour });
    expect(all.map((finding) => finding.severity)).toEqual(["error", "warning", "warning", "warning"]);
    for (const { text } of [...findings, ...all]) {
      expect(text).not.toContain("TopSecret");
      expect(text).toMatch(/\.$/);
    }
  });
});
