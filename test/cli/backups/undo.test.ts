import { expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import type { Given } from "../../../src/cli/command.ts";
import { run } from "../../../src/cli/commands/undo.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { showTime } from "../../../src/cli/terminal/show-text.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const restored = "2026-11-20T03:00:00Z";

const asked = async (undoOperation: string | null | undefined): Promise<string> => {
  const terminal = fakeTerminal({ answers: ["no"] });
  const state = { name: "shop", id: "/sites/shop", properties: { undoOperation } };
  const operation = { properties: { created: restored, blobName: "night.zip" } };
  const service = {
    all: async () => [answerOf(state)],
    get: async (path: string) => answerOf(path.endsWith("/operations/o-1") ? operation : {}),
  } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  const context = { ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service };
  const given: Given = { text: () => undefined, need: () => "shop", texts: () => [], flag: () => false };
  await expect(run(context, given)).rejects.toThrow("Nothing was done.");
  return terminal.written.err;
};

it("an undo asks with the restore that it takes back, which may not be the last one", async () => {
  expect(await asked("o-1")).toBe(
    `This puts shop back to what it was before its restore of ${showTime(restored)} from night.zip; what changed since is lost. Type shop to go on: `,
  );
});

it.each([null, undefined])("an undo of which the service does not tell more (%s) asks all the same", async (told) => {
  expect(await asked(told)).toMatch(/^This puts shop back to what it was before its last restore; /);
});
