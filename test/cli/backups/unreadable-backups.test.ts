import { expect, it } from "vitest";
import type { Given } from "../../../src/cli/command.ts";
import { run as list } from "../../../src/cli/commands/list.ts";
import { run as show } from "../../../src/cli/commands/show.ts";
import { answerOf } from "../../../src/cli/service/answer.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const log = "What the catalog holds of backup 2 of shop cannot be read.";
const properties = { id: 2, name: "", blobName: "", status: "Failed", created: null, log, unreadable: true };
const whole = { ...properties, id: 1, name: "b1", status: "Succeeded", created: "soon", log: null, unreadable: false };
const site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop";

const told = async (command: typeof list, given: Readonly<Record<string, string>>): Promise<string> => {
  const terminal = fakeTerminal();
  const service = {
    all: async () => [whole, properties].map((one) => answerOf({ properties: one })),
  } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  const context = { ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service };
  const words: Given = {
    text: (name) => given[name],
    need: (name) => given[name] ?? "",
    texts: () => [],
    flag: () => false,
  };
  expect(await command(context, words)).toBe(0);
  return terminal.written.out;
};

it("a backup that nobody can read is listed by its number, as that, and shown with what to do", async () => {
  expect(await told(list, { SITE: site })).toBe(
    [
      "SITE  NUMBER  STATUS      CREATED  SIZE  NAME",
      "shop       1  Succeeded   soon        -  b1",
      "shop       2  unreadable  -           -",
      "",
    ].join("\n"),
  );
  expect(await told(show, { SITE: site, BACKUP: "2" })).toBe(`site      shop\nnumber    2\nlog\n  ${log}\n`);
});
