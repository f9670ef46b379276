import { beforeAll, describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../../src/archive/archive-invalid.ts";
import { refuse } from "../../../src/domain/errors.ts";
import { insertOperation } from "../../../src/operations/rows/operation-rows.ts";
import { changeSite, takenBy } from "../../../src/operations/rows/site-row.ts";
import { SiteCommandFailed } from "../../../src/ports/site-host.ts";
import { restoring } from "../../../src/steps/restore/restoring.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

const { deps } = memoryInstallation();
const ref = { site: shop, run: "restore-1", epoch: 1 };
const since = "2026-11-21T12:00:00Z";
const request = {
  destination: "https://a.blob.core.windows.net/backups",
  blob: "night.zip",
  overwrite: true,
  paths: [],
  configuration: false,
  quick: false,
  allowOutsideLinks: false,
};
const restore = { id: "o-1", kind: "restore", run: ref.run, status: "InProgress", created: since, request } as const;
const taken = takenBy({ nextBackupId: 1, epoch: 0 }, { id: ref.run, kind: "restore", since, operation: restore.id });
beforeAll(() =>
  changeSite(deps.catalog, shop, () => ({ row: taken, also: [insertOperation(restore)], result: undefined })),
);

const system = (code: string, syscall: string, rest = ""): Error =>
  Object.assign(new Error(`${code}: as the system has it, ${syscall}${rest}`), { code, syscall });
const outcome = (error: Error) => restoring(deps, ref, () => Promise.reject(error));

describe("a step of a restore", () => {
  it.each([
    [
      new ArchiveInvalid("HashMismatch", "Its content is another."),
      /^night\.zip cannot be read as a backup: Its content is another\. Take it from another backup\.$/,
    ],
    [refuse("SiteNotFound", { name: "shop", group: "g" }), /was not found/],
    [new SiteCommandFailed("The site's stop command failed."), /stop command/],
    [system("ENOSPC", "write"), /disk is full \(ENOSPC\)/],
    [system("EDQUOT", "write"), /disk is full \(EDQUOT\)/],
    [system("EROFS", "mkdir", " '/srv/.lifeboat-x'"), /may not write where the site lies/],
    [system("EEXIST", "open", " '/srv/.lifeboat-x/staged-1/Case.txt'"), /cannot hold a name/],
    [system("EPERM", "symlink", " 'a' -> '/srv/.lifeboat-x/b'"), /cannot hold the links/],
    [system("ENOSYS", "symlink", " 'a' -> '/srv/.lifeboat-x/b'"), /cannot hold the links/],
    [system("EPERM", "open", " '/srv/, symlink /a'"), /may not write where the site lies/],
  ])("tells what people can do something about, and is not tried again: %s", async (error, text) => {
    expect(await outcome(error)).toMatchObject({ ok: false, code: "Failed", message: expect.stringMatching(text) });
  });

  it.each([
    system("EIO", "read"),
    system("EEXIST", "link"),
    new Error("ENOSPC: what only speaks of a full disk"),
    new Error("The scratch object is gone."),
  ])("is tried again after anything else: %s", async (error) => {
    await expect(outcome(error)).rejects.toBe(error);
  });
});
