import { expect, it } from "vitest";
import { answerOf, type Answer } from "../../../src/cli/service/answer.ts";
import { exitCodes } from "../../../src/cli/exit-code.ts";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { tellBackupPlan } from "../../../src/cli/backups/tell-backup-plan.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const site = { label: "shop", path: "/sites/shop", state: undefined };

const told = async (more: object, { elsewhere = false, all = async (): Promise<Answer[]> => [] } = {}) => {
  const terminal = fakeTerminal();
  const asked: unknown[] = [];
  const properties = { files: 2, sizeInBytes: 4_000_000, filter: [], unreadable: [], unreadableCount: 0, warnings: [] };
  const service = {
    get: async (_path, options) => {
      asked.push(options?.query?.["elsewhere"]);
      return answerOf({ properties: { ...properties, ...more } });
    },
    all,
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
  expect(await told({ problems: [] }, { elsewhere: true })).toMatchObject({
    code: exitCodes.done,
    asked: ["true"],
    text: expect.stringContaining("where --to leads"),
  });
  expect(await told({})).toMatchObject({ code: exitCodes.done });
});

const scheduled = {
  databases: [
    { databaseType: "PostgreSql", name: "orders", connectionStringName: "OrdersDb" },
    { databaseType: "MySql", name: "stock", connectionStringName: null },
  ],
};
const known = ["ordersdb", "Other"].map((name) =>
  answerOf({
    databaseType: "PostgreSql",
    name,
    connectionStringName: name,
    target: `${name} on db`,
    sizeInBytes: 4,
    tool: "pg_dump 15",
    weaker: ["functions that name what no search_path leads to"],
    problem: null,
  }),
);

it("a dry run names the databases that the schedule adds, and asks those that the site's connection strings lead to", async () => {
  const { code, text } = await told(scheduled, { all: async () => known });
  expect(code).toBe(exitCodes.done);
  expect(text).toMatch(
    /\n {2}database ordersdb: ordersdb on db, .*\n {4}note: functions .*search_path.*\n {2}database stock: of the schedule; its server was not asked\n$/,
  );
});

it("a dry run by somebody who may only read names them all the same", async () => {
  const refused = new CommandFailure(exitCodes.notAllowed, "RoleNotEnough", "An operator may.");
  const { code, text } = await told(scheduled, { all: () => Promise.reject(refused) });
  expect(code).toBe(exitCodes.done);
  expect(text).toContain("  database OrdersDb: of the schedule; its server was not asked\n");
  const away = new CommandFailure(exitCodes.unreachable, "Unreachable", "It is away.");
  await expect(told(scheduled, { all: () => Promise.reject(away) })).rejects.toBe(away);
});
