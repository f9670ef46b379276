import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import type { Given } from "../../../src/cli/command.ts";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import { addSite } from "../../../src/cli/commands/site.ts";
import { exitCodes } from "../../../src/cli/exit-code.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

const typed: Given = {
  text: () => undefined,
  need: (name) => (name === "NAME" ? "blog" : "/srv/blog"),
  texts: () => [],
  flag: (name) => name === "wwwroot",
};

/** A service that describes the site, and tells of it what `found` says. */
const add = async (found: () => object, folder = "/srv/blog") => {
  const terminal = fakeTerminal();
  const given: Given = { ...typed, need: (name) => (name === "NAME" ? "blog" : folder) };
  const put: string[] = [];
  const service = {
    put: async (path) => {
      put.push(path);
      return answerOf({});
    },
    get: async () => answerOf({ properties: { ...plan, ...found() } }),
    all: async () => [],
  } satisfies Partial<Service>;
  // Nothing else of the service is asked.
  const { context: base } = fakeContext(terminal);
  const connection = () => ({ ...base.connection(), dataFolder: "/srv/lifeboat" });
  const context = { ...base, connection, service: () => service as Partial<Service> as Service };
  const code = await addSite(context, given).catch((error: unknown) => error);
  return { code, text: terminal.written.out, put };
};

const plan = { files: 2, sizeInBytes: 4_000_000, filter: [], unreadable: [], unreadableCount: 0, warnings: [] };

describe("a site that is added", () => {
  it("is done when a backup of it would hold everything", async () => {
    expect(await add(() => ({}))).toMatchObject({ code: exitCodes.done, put: [expect.stringMatching(/blog/)] });
  });

  it("is done in part when something cannot be read, or a backup would be refused, and names it", async () => {
    const unreadable = [{ path: "site/wwwroot/pipe", reason: "It is a named pipe." }];
    expect(await add(() => ({ unreadable, unreadableCount: 1 }))).toMatchObject({
      code: exitCodes.partly,
      text: expect.stringContaining("site/wwwroot/pipe: It is a named pipe."),
    });
    expect(await add(() => ({ problems: ["The backup does not fit."] }))).toMatchObject({
      code: exitCodes.partly,
      text: expect.stringContaining("problem: The backup does not fit."),
    });
  });

  it("that is one of WordPress is told to go without its database, where nobody named it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-add-site-"));
    expect((await add(() => ({}), folder)).text).not.toContain("wp-config.php");
    writeFileSync(join(folder, "wp-config.php"), "<?php\n");
    expect(await add(() => ({}), folder)).toMatchObject({
      code: exitCodes.done,
      text: expect.stringMatching(/wp-config\.php, whose database is not in its backups.* --wordpress$/m),
    });
    rmSync(folder, { recursive: true });
  });

  it("is never told as refused when it is described, and what it holds cannot be told", async () => {
    const { code, put } = await add(() => {
      throw new CommandFailure(exitCodes.refused, "SiteFilesMissing", "Its directory is not there.");
    });
    expect(put).toHaveLength(1);
    expect(code).toMatchObject({
      exitCode: exitCodes.partly,
      code: "SiteFilesMissing",
      message: expect.stringMatching(/^The site blog is described\. .* Its directory is not there\.$/),
    });
  });
});
