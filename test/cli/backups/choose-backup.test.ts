import { describe, expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { chooseBackup, findBackup } from "../../../src/cli/backups/choose-backup.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { showTime } from "../../../src/cli/terminal/show-text.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

interface Given {
  readonly id: number;
  readonly status?: string;
  readonly damaged?: string;
  readonly emptied?: boolean;
  readonly unreadable?: boolean;
}

const site = { label: "shop", path: "/sites/shop", state: undefined };
const found = "2026-11-20T03:00:00Z";

const siteWith = (backups: readonly Given[], answers?: string[]) => {
  const terminal = fakeTerminal({ isTerminal: answers !== undefined, ...(answers ? { answers } : {}) });
  const items = backups.map(({ id, status = "Succeeded", ...rest }) =>
    answerOf({ properties: { id, status, name: `shop_${id}`, created: `2026-11-${10 + id}T02:00:00Z`, ...rest } }),
  );
  const service = { all: async () => items } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  return {
    terminal,
    context: { ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service },
  };
};

describe("the latest backup", () => {
  const backups = [{ id: 1 }, { id: 2 }, { id: 3, damaged: found }, { id: 4, status: "Failed" }];

  it("to restore is none that was found damaged, and that is said", async () => {
    const { context, terminal } = siteWith(backups);
    expect(await chooseBackup(context, site, "latest")).toMatchObject({ id: 2 });
    // Times are shown by the clock of the machine that the test runs on.
    expect(terminal.written.err).toBe(
      `Backup 3 was found damaged at ${showTime(found)}: backup 2, of ${showTime("2026-11-12T02:00:00Z")}, is taken.\n`,
    );
  });

  it("to restore is a damaged one where there is no other, and that is said too", async () => {
    const { context, terminal } = siteWith(backups.slice(2));
    expect(await chooseBackup(context, site, "latest")).toMatchObject({ id: 3 });
    expect(terminal.written.err).toMatch(/^Backup 3 was found damaged at .*`lifeboat show`/);
  });

  it("to restore is none of a site that had lost its files, and that is said", async () => {
    const { context, terminal } = siteWith([{ id: 1 }, { id: 2, status: "PartiallySucceeded", emptied: true }]);
    expect(await chooseBackup(context, site, "latest")).toMatchObject({ id: 1 });
    expect(terminal.written.err).toMatch(/^Backup 2 holds no file of site\/wwwroot: backup 1, of .*, is taken.\n$/);
  });

  it("to restore is said to have a newer one behind it that the catalog cannot tell of", async () => {
    const { context, terminal } = siteWith([{ id: 1 }, { id: 2, status: "Failed", unreadable: true }]);
    expect(await chooseBackup(context, site, "latest")).toMatchObject({ id: 1 });
    expect(terminal.written.err).toMatch(
      /^What the catalog holds of backup 2 cannot be read: backup 1, of .*, is taken/,
    );
  });

  it("to verify or look into stays the newest: a nightly verify must not pass over what it found", async () => {
    const { context, terminal } = siteWith(backups);
    expect(await findBackup(context, site, "latest")).toMatchObject({ id: 3 });
    expect(terminal.written.err).toBe("");
  });

  it("is taken without a word where nothing is known against it", async () => {
    const { context, terminal } = siteWith([{ id: 1, damaged: found }, { id: 2 }]);
    expect(await chooseBackup(context, site, "latest")).toMatchObject({ id: 2 });
    expect(terminal.written.err).toBe("");
  });
});

describe("a backup to restore", () => {
  it("is taken as it was named, and its damage is told", async () => {
    const { context, terminal } = siteWith([{ id: 1 }, { id: 2, damaged: found }]);
    expect(await chooseBackup(context, site, "2")).toMatchObject({ id: 2 });
    expect(terminal.written.err).toContain("Backup 2 was found damaged");
  });

  it("is offered with its damage, and the whole one is proposed", async () => {
    const { context, terminal } = siteWith([{ id: 1 }, { id: 2, damaged: found }], [""]);
    expect(await chooseBackup(context, site, undefined)).toMatchObject({ id: 1 });
    expect(terminal.written.err).toMatch(/2 +.*found damaged\n/);
    expect(terminal.written.err).toContain("Which backup of shop? [1]");
  });
});
