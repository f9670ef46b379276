import { expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { scheduleText, scheduleView } from "../../../src/cli/sites/schedule-view.ts";
import { showTime } from "../../../src/cli/terminal/show-text.ts";

const told = (state: string, schedule: object) =>
  scheduleText(
    scheduleView(
      "shop",
      answerOf({
        properties: {
          state,
          backupSchedule: {
            frequencyInterval: 1,
            frequencyUnit: "Day",
            retentionPeriodInDays: 30,
            keepAtLeastOneBackup: true,
            ...schedule,
          },
        },
      }),
    ),
  );

it("a schedule that goes by the clocks of a zone is told by them, and when it runs by those here as well", () => {
  const nextRun = "2026-11-23T16:30:00Z";
  const lines = told("On", { startTime: "2026-06-01T15:30:00Z", timeZone: "Asia/Kathmandu", nextRun }).split("\n");
  expect(lines[1]).toBe("  every    1 d, from 2026-06-01 21:15 on, by the clocks of Asia/Kathmandu");
  const here = showTime(nextRun);
  expect(lines[4]).toBe(
    `  next run ${here}${here === "2026-11-23 22:15" ? "" : " (2026-11-23 22:15 in Asia/Kathmandu)"}`,
  );
});

it("a site that was switched off before it had a schedule is told without one", () => {
  expect(told("Off", { startTime: null })).toBe("shop: switched off\n");
});
