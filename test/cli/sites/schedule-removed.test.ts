import { expect, it } from "vitest";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import type { Given } from "../../../src/cli/command.ts";
import { exitCodes } from "../../../src/cli/exit-code.ts";
import { run } from "../../../src/cli/commands/schedule.ts";
import { answerOf } from "../../../src/cli/service/answer.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const given: Given = { text: () => undefined, need: () => "shop", texts: () => [], flag: (name) => name === "remove" };

const removed = async (get: Service["get"]): Promise<string> => {
  const terminal = fakeTerminal();
  const service = {
    all: async () => [answerOf({ name: "shop", id: "/sites/shop", properties: {} })],
    get,
    remove: async () => answerOf({}),
  } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  const context = { ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service };
  await run(context, given);
  return terminal.written.out;
};

it("a schedule that is removed leaves none", async () => {
  const gone = new CommandFailure(exitCodes.notFound, "ConfigurationNotFound", "There is none.");
  expect(await removed(() => Promise.reject(gone))).toBe("shop has no schedule any more.\n");
});

it("a schedule that is removed leaves the installation's, which is told", async () => {
  const backupSchedule = { frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: 14 };
  const properties = { enabled: true, inherited: true, state: "On", backupSchedule };
  expect(await removed(async () => answerOf({ properties }))).toMatch(
    /^shop has no schedule of its own any more\.\nshop: scheduled, as the installation says for all sites\n/,
  );
});
