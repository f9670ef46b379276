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

const outcome = (error: Error) => restoring(deps, ref, () => Promise.reject(error));

describe("a step of a restore", () => {
  it.each([
    [
      new ArchiveInvalid("HashMismatch", "Its content is another."),
      /^night\.zip cannot be read as a backup: Its content is another\. Take it from another backup\.$/,
    ],
    [refuse("SiteNotFound", { name: "shop", group: "g" }), /was not found/],
    [new SiteCommandFailed("The site's stop command failed."), /stop command/],
    [new Error("ENOSPC: no space left on device, write"), /disk is full \(ENOSPC\)/],
    [new Error("EROFS: read-only file system, mkdir '/srv/.lifeboat-x'"), /may not write where the site lies/],
    [new Error("EEXIST: file already exists, open '/srv/.lifeboat-x/staged-1/Case.txt'"), /cannot hold a name/],
    [new Error("EPERM: operation not permitted, symlink 'a' -> '/srv/.lifeboat-x/b'"), /cannot hold the links/],
    [new Error("ENOSYS: function not implemented, symlink 'a' -> '/srv/.lifeboat-x/b'"), /cannot hold the links/],
  ])("tells what people can do something about, and is not tried again: %s", async (error, text) => {
    expect(await outcome(error)).toMatchObject({ ok: false, code: "Failed", message: expect.stringMatching(text) });
  });

  it.each([
    new Error("EIO: i/o error, read"),
    new Error("EEXIST: file already exists, link"),
    new Error("The scratch object is gone."),
  ])("is tried again after anything else: %s", async (error) => {
    await expect(outcome(error)).rejects.toBe(error);
  });
});
