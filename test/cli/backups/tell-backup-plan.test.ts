import { expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { exitCodes } from "../../../src/cli/exit-code.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { tellBackupPlan } from "../../../src/cli/backups/tell-backup-plan.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const site = { label: "shop", path: "/sites/shop", state: undefined };

const told = async (more: object, elsewhere = false) => {
  const terminal = fakeTerminal();
  const asked: unknown[] = [];
  const properties = { files: 2, sizeInBytes: 4_000_000, filter: [], unreadable: [], unreadableCount: 0, warnings: [] };
  const service = {
    get: async (_path, options) => {
      asked.push(options?.query?.["elsewhere"]);
      return answerOf({ properties: { ...properties, ...more } });
    },
  } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  const context = { ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service };
  const code = await tellBackupPlan(context, site, { databases: [], elsewhere });
  return { code, text: terminal.written.out, asked };
};

it("a dry run of a backup that would be refused says why, and ends as refused", async () => {
  const { code, text, asked } = await told({ problems: ["The backup does not fit."] });
  expect(code).toBe(exitCodes.refused);
  expect(text).toBe("A backup of shop would hold\n  2 files, 4.0 MB\n  problem: The backup does not fit.\n");
  expect(asked).toEqual(["false"]);
});

it("a dry run ends well where nothing is in the way, also of a service that does not tell", async () => {
  expect(await told({ problems: [] }, true)).toMatchObject({
    code: exitCodes.done,
    asked: ["true"],
    text: expect.stringContaining("where --to leads"),
  });
  expect(await told({})).toMatchObject({ code: exitCodes.done });
});
