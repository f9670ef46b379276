import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import { get, post } from "./call.ts";

type Run = {
  readonly schedule: { readonly adjustForDST: boolean };
  readonly scheduleStatus: { readonly last: string; readonly next: string; readonly lastUpdated: string } | null;
  readonly isPastDue: boolean;
  readonly retryContext?: { readonly retryCount: number; readonly maxRetryCount: number; readonly exception?: object };
  readonly at: number;
};

const journal = async <Entry = Run>(topic: string): Promise<readonly Entry[]> =>
  (await get(`/journal/${topic}`)).json<readonly Entry[]>();

/** The entries of a topic once there are so many. */
const entries = async <Entry = Run>(topic: string, count: number): Promise<readonly Entry[]> => {
  for (;;) {
    const found = await journal<Entry>(topic);
    if (found.length >= count) return found;
    await pause(50);
  }
};

const start = async (name: string, body = "{}", type = "application/json"): Promise<number> => {
  const headers = { "x-functions-key": inject("functionsHost").masterKey, "content-type": type };
  return (await post(`/admin/functions/${name}`, { headers, body })).status;
};

describe("a timer that is started by the administration", () => {
  it("runs at once, beside its schedule", async () => {
    const before = (await journal("on-demand")).length;
    expect(await start("on_demand")).toBe(202);
    const run = (await entries("on-demand", before + 1)).at(-1);
    expect(run).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
  });

  it("is found in any letter case", async () => {
    const before = (await journal("on-demand")).length;
    expect(await start("ON_DEMAND")).toBe(202);
    expect((await entries("on-demand", before + 1)).length).toBe(before + 1);
  });

  it("needs a JSON object to be started", async () => {
    expect([await start("on_demand", ""), await start("on_demand", "null"), await start("on_demand", "{")]).toEqual([
      400, 400, 400,
    ]);
    expect(await start("on_demand", "{}", "text/plain")).toBe(415);
  });

  it("knows its schedule's next turn, in UTC", async () => {
    await start("on_demand");
    const [run] = await entries("on-demand", 1);
    const year = new Date(run?.at ?? 0).getUTCFullYear() + 1;
    expect(Date.parse(run?.scheduleStatus?.next ?? "")).toBe(Date.UTC(year, 0, 1));
  });
});

describe("a schedule", () => {
  it("of less than a minute runs on its seconds, without a status, never past due", async () => {
    const runs = (await entries("each-second", 3)).slice(-3);
    for (const run of runs) expect(run).toMatchObject({ scheduleStatus: null, isPastDue: false });
    // The third begins in a later second than the second, before which the first was noted; two may be noted in one.
    const [first = 0, , third = 0] = runs.map(({ at }) => Math.floor(at / 1000));
    expect(third).toBeGreaterThan(first);
  });

  it("shorter than its runs does not overlap them", async () => {
    const kept = await entries<"begin" | "end">("long-second", 5);
    const marks = kept.slice(kept.indexOf("begin"));
    expect(marks).toEqual(marks.map((_, index) => (index % 2 === 0 ? "begin" : "end")));
  });

  it("that cannot be read leaves its timer out and lets the app run", async () => {
    expect(await journal("wrong-schedule")).toEqual([]);
    expect((await get("/hello")).status).toBe(200);
  });
});

describe("a timer that asks for it runs at each start", () => {
  it("and is not past due", async () => {
    expect(await entries("at-start", 1)).toMatchObject([{ isPastDue: false }]);
  });

  it("and is repeated as often as its retry policy says, knowing which attempt it is", async () => {
    const runs = await entries("stubborn", 3);
    expect(runs.map(({ retryContext }) => retryContext)).toMatchObject([
      { retryCount: 0, maxRetryCount: 2 },
      { retryCount: 1, maxRetryCount: 2, exception: { message: expect.stringContaining("attempt 0") } },
      { retryCount: 2, maxRetryCount: 2, exception: { message: expect.stringContaining("attempt 1") } },
    ]);
    const [first, second, third] = runs.map(({ at }) => at);
    expect([(second ?? 0) - (first ?? 0), (third ?? 0) - (second ?? 0)].every((waited) => waited >= 990)).toBe(true);
  });
});
