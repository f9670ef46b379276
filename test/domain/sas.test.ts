import { describe, expect, it } from "vitest";
import { judgeSas, sasExpiry } from "../../src/domain/sas.ts";
import { Secret } from "../../src/domain/secret.ts";

const now = new Date("2026-11-21T12:00:00Z");
const inAnHour = new Date("2026-11-21T13:00:00Z");
const judge = (query: string) => judgeSas(new Secret(query), now, inAnHour);
const good = "sp=rwdl&sr=c&se=2027-01-01T00:00:00Z&sig=planted";

describe("a SAS", () => {
  it("tells when it ends", () => {
    expect(sasExpiry(new Secret(`?${good}`))).toEqual(new Date("2027-01-01T00:00:00Z"));
    expect(sasExpiry(new Secret("sp=r"))).toBeUndefined();
  });

  it.each([good, good.replace("sr=c", "ss=b&srt=co")])("is good for a backup: %s", (query) => {
    expect(judge(query)).toEqual({ warnings: [] });
  });

  it.each([
    ["without a signature", good.replace("planted", ""), /Missing mandatory parameters/],
    ["expired", good.replace("2027", "2025"), /expired at 2025-01-01/],
    ["not valid yet", `${good}&st=2026-12-01T00:00:00Z`, /not valid before 2026-12-01/],
    ["for one blob", good.replace("sr=c", "sr=b"), /sr=c/],
    ["for queues", good.replace("sr=c", "ss=q"), /ss=b/],
    ["without write", good.replace("rwdl", "rdl"), /lacks write/],
  ])("is refused when it is %s", (_, query, expected) => {
    expect(judge(query).problem).toMatch(expected);
    expect(judge(query).problem).not.toContain("planted");
  });

  it("warns of what restore and retention will need, and of an early end", () => {
    const { warnings } = judge("sp=w&sr=c&se=2026-11-21T12:30:00Z&sig=x");
    expect(warnings).toEqual([
      expect.stringContaining("read (r)"),
      expect.stringContaining("delete (d)"),
      expect.stringContaining("ends at"),
    ]);
  });
});
