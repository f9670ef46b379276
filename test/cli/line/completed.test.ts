import { describe, expect, it } from "vitest";
import { completed } from "../../../src/cli/line/completed.ts";
import { definitions } from "../../../src/cli/line/definitions.ts";
import { commonOptions } from "../../../src/cli/line/program.ts";

const after = (line: string) => completed(line.split(" "), { definitions, common: commonOptions });
const words = (line: string): readonly string[] => {
  const wanted = after(line);
  return wanted.kind === "words" ? wanted.words : [wanted.kind];
};

describe("completion", () => {
  it("offers the commands, and those of a group, and never the hidden one", () => {
    expect(words("")).toEqual([
      ...new Set(definitions.filter(({ isHidden }) => isHidden !== true).map(({ name }) => name.split(" ")[0])),
    ]);
    expect(words("")).not.toContain("complete");
    expect(words("site ")).toEqual(["add", "list", "remove"]);
    expect(words("--json ")).toContain("restore");
  });

  it("offers the options of the command and those of all", () => {
    expect(words("restore shop --")).toEqual(expect.arrayContaining(["--dry-run", "--path", "--json", "--help"]));
    expect(words("restore shop --")).not.toContain("--every");
    expect(words("--")).toContain("--profile");
  });

  it("offers no older word, and knows it", () => {
    expect(words("keys add nightly --")).toContain("--output");
    expect(words("keys add nightly --")).not.toContain("--file");
    expect(after("keys add nightly --file ")).toEqual({ kind: "file" });
  });

  it("asks for sites, then for that site's backups, whatever options stand between", () => {
    expect(after("restore ")).toEqual({ kind: "site" });
    expect(after("restore shop ")).toEqual({ kind: "backup", site: "shop" });
    expect(after("restore --path a --yes shop ")).toEqual({ kind: "backup", site: "shop" });
    expect(after("--data /srv restore shop ")).toEqual({ kind: "backup", site: "shop" });
    expect(after("keys add nightly --site ")).toEqual({ kind: "site" });
  });

  it("leaves files and folders to the shell", () => {
    expect(after("backup shop --to-file ")).toEqual({ kind: "file" });
    expect(after("--data ")).toEqual({ kind: "folder" });
    expect(after("site add shop ")).toEqual({ kind: "folder" });
  });

  it("offers nothing where anything may stand", () => {
    expect(words("backup shop --name ")).toEqual([]);
    expect(words("cat shop 7 ")).toEqual([]);
    expect(words("nonsense ")).toEqual([]);
  });
});
