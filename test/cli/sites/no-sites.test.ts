import { expect, it } from "vitest";
import type { Given, RunCommand } from "../../../src/cli/command.ts";
import { run as list } from "../../../src/cli/commands/list.ts";
import { listSites } from "../../../src/cli/commands/site.ts";
import { run as status } from "../../../src/cli/commands/status.ts";
import { exitCodes } from "../../../src/cli/exit-code.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const nothing: Given = {
  text: () => undefined,
  need: (name) => name,
  texts: () => [],
  flag: () => false,
};

it.each<readonly [string, RunCommand]>([
  ["list", list],
  ["status", status],
  ["site list", listSites],
])("%s says of no sites at all that backups may be there all the same", async (_, run) => {
  const terminal = fakeTerminal();
  const service = { all: async () => [] } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  const context = { ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service };
  expect(await run(context, nothing)).toBe(exitCodes.done);
  expect(terminal.written.out).toMatch(
    /^No site is described here\. .*whose description is gone.*`lifeboat list NAME`/,
  );
});
