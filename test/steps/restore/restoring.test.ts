import { beforeEach, describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../../src/archive/archive-invalid.ts";
import { refuse } from "../../../src/domain/errors.ts";
import { changeSite, takenBy } from "../../../src/operations/rows/site-row.ts";
import { SiteCommandFailed } from "../../../src/ports/site-host.ts";
import { restoring } from "../../../src/steps/restore/restoring.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

const { deps } = memoryInstallation();
const ref = { site: shop, run: "restore-1", epoch: 1 };
beforeEach(() =>
  changeSite(deps.catalog, shop, (row) => ({
    row: { ...takenBy(row, { id: ref.run, kind: "restore", since: "2026-11-21T12:00:00Z" }), epoch: ref.epoch },
    result: undefined,
  })),
);

const outcome = (error: Error) => restoring(deps, ref, () => Promise.reject(error));

describe("a step of a restore", () => {
  it.each([
    [new ArchiveInvalid("HashMismatch", "Its content is another."), /Its content is another/],
    [refuse("SiteNotFound", { name: "shop", group: "g" }), /was not found/],
    [new SiteCommandFailed("The site's stop command failed."), /stop command/],
    [new Error("ENOSPC: no space left on device, write"), /disk is full \(ENOSPC\)/],
    [new Error("EROFS: read-only file system, mkdir '/srv/.lifeboat-x'"), /may not write where the site lies/],
    [new Error("EEXIST: file already exists, open '/srv/.lifeboat-x/staged-1/Case.txt'"), /cannot hold a name/],
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
