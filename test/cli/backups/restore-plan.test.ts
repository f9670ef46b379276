import { describe, expect, it } from "vitest";
import { changesText, isCut, restorePlanText, type RestorePlanView } from "../../../src/cli/backups/restore-plan.ts";

const none = { entries: 0, sizeBytes: 0 };

/** So many removed and written, as the API lists them. */
const plan = (removed: number, written: number, listed = removed + written): RestorePlanView => ({
  site: "shop",
  isNewSite: false,
  blobName: "nightly.zip",
  counts: {
    write: { entries: written, sizeBytes: 10 },
    replace: none,
    remove: { entries: removed, sizeBytes: 10 },
    adjust: none,
    keep: none,
    leave: none,
  },
  problems: [],
  databases: [],
  notes: [],
  changes: [
    ...Array.from({ length: removed }, (_, n) => ({ path: `old-${n}`, kind: "file", action: "remove", reason: "" })),
    ...Array.from({ length: written }, (_, n) => ({ path: `new-${n}`, kind: "file", action: "write", reason: "" })),
  ].slice(0, listed),
  more: removed + written - listed,
});

const lines = (text: string): readonly string[] => text.trimEnd().split("\n");

describe("the preview of a restore", () => {
  it("counts what is removed before everything else", () => {
    expect(lines(restorePlanText(plan(1_200, 3)))[1]).toBe("      1,200 removed (not in the backup), 10 B");
  });

  it("lists what is removed though a great deal is written, and says how much more of each there is", () => {
    const shown = lines(changesText(plan(3, 500), { isWhole: false }));
    expect(shown.slice(0, 3)).toEqual(["  remove  old-0", "  remove  old-1", "  remove  old-2"]);
    expect(shown.slice(3)).toHaveLength(11);
    expect(shown.at(-1)).toBe("  write   and 490 more");
    expect(isCut(plan(3, 500))).toBe(true);
  });

  it("says that there is more where the service cut the list, too", () => {
    const shown = lines(changesText(plan(1_500, 5, 1_000), { isWhole: false }));
    expect(shown.slice(-2)).toEqual(["  remove  and 1,450 more", "  write   and 5 more"]);
  });

  it("lists every change when asked", () => {
    expect(lines(changesText(plan(60, 60), { isWhole: true }))).toHaveLength(120);
    expect(isCut(plan(50, 10))).toBe(false);
  });

  it("tells a database that is made from one that is replaced, and a backup that holds nothing", () => {
    const database = (name: string, action: string) => ({
      name,
      action,
      target: `${name} on db`,
      dumpSizeBytes: 10,
      problem: null,
    });
    const text = restorePlanText({ ...plan(0, 0), databases: [database("new", "create"), database("old", "replace")] });
    expect(text).toContain("  database new (10 B) made: new on db\n  database old (10 B) replaced: old on db\n");
    expect(text).not.toContain("nothing is in it");
    expect(restorePlanText(plan(0, 0))).toContain("  nothing is in it\n");
    const unfound = { ...plan(0, 0), problems: ['The backup does not contain "index.html".'] };
    expect(restorePlanText(unfound)).not.toContain("nothing is in it");
  });

  it("tells what stands against a database once", () => {
    const problem = "The user u of blog on db:3306 lacks CREATE. Let an administrator GRANT it.";
    const blog = { name: "Blog", action: "replace", target: "blog on db:3306", dumpSizeBytes: 10, problem };
    const text = restorePlanText({ ...plan(0, 0), problems: [problem], databases: [blog] });
    expect(text.split(problem)).toHaveLength(2);
    expect(text).toContain("  database Blog (10 B) cannot be restored as it is\n");
  });
});
