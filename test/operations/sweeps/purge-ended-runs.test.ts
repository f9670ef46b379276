import { expect, it } from "vitest";
import { purgeEndedRuns } from "../../../src/operations/sweeps/purge-ended-runs.ts";
import { memoryInstallation } from "../../support/installation.ts";

const hourMs = 3_600_000;

it("finished runs are forgotten a week after they began, a bounded number at a time, each time asked for once", async () => {
  const given = memoryInstallation();
  const start = given.clock.time.getTime();
  const runs = Array.from({ length: 3_000 }, (_, index) => start - index * hourMs);
  const asked: [number, number][] = [];
  const forgotten: number[] = [];
  const runner = {
    ...given.call.runner,
    purgeEnded: async (from: Date, to: Date) => {
      asked.push([from.getTime(), to.getTime()]);
      const found = runs.filter(
        (began) => began >= from.getTime() && began < to.getTime() && !forgotten.includes(began),
      );
      forgotten.push(...found);
      return found.length;
    },
  };
  const round = () => purgeEndedRuns(given.deps)({ ...given.call, runner });
  await round();
  expect(forgotten.length).toBeGreaterThanOrEqual(500);
  expect(forgotten.length).toBeLessThan(510);
  for (let hour = 0; hour < 10; hour++) await round();
  const oldest = start - 90 * 24 * hourMs;
  const wanted = runs.filter((began) => began >= oldest && began < start - 7 * 24 * hourMs);
  expect(forgotten.toSorted((one, other) => one - other)).toEqual(wanted.toSorted((one, other) => one - other));
  for (const [index, [from]] of asked.entries()) if (index > 0) expect(from).toBe(asked[index - 1]?.[1]);
  const count = asked.length;
  given.clock.time = new Date(start + 2 * hourMs);
  await round();
  expect(asked.length).toBe(count + 1);
  // A clock that is ahead for a while does not stop it for as long.
  given.clock.time = new Date(start + 365 * 24 * hourMs);
  for (let hour = 0; hour < 10; hour++) await round();
  given.clock.time = new Date(start + 3 * hourMs);
  asked.length = 0;
  await round();
  expect(asked).not.toEqual([]);
});
