import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openSession, sessionBelow } from "../support/document-session.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

const folder = temporaryFolder();
const at = (...path: readonly string[]): string => join(folder.path, ...path);
afterAll(async () => {
  await killAll();
  folder.remove();
});

const start = async (data: string) => {
  const flags = ["--tls-port", "0", "--site-roots", at("srv"), "--file-roots", at("mnt", "backups")];
  expect((await startLifeboat({ data, flags })).url).not.toBe("");
};

/** A shell of whoever reads docs/rescue.md; nobody is there to be asked, so that restores and undos are agreed to beforehand. */
const reader = (data: string, directory = folder.path) => {
  const session = openSession({
    directory,
    environment: { LIFEBOAT_DATA: data },
    instead: {
      "restore shop latest\n": "restore shop latest --yes\n",
      "undo shop\n": "undo shop --yes\n",
      "./recovery-key\n": "./recovery-key --yes\n",
      "restore shop nightly.zip --from file:///mnt/backups/shop\n": `restore shop nightly.zip --from file://${at("mnt", "backups")}/shop --yes\n`,
      "npx lifeboat": `${process.execPath} ${resolve("dist/cli.js")}`,
      "file:///mnt/backups": `file://${at("mnt", "backups")}`,
    },
  });
  return {
    ...session,
    async pasteWell(block: string): Promise<string> {
      const { code, said } = await session.paste(block);
      expect(code, said).toBe(0);
      return said;
    },
  };
};

const page = at("srv", "shop", "index.html");

describeWith("bash and unzip", ["bash", "unzip"].every(hasCommand), "docs/rescue.md", () => {
  it("brings a site back with Lifeboat, and takes that back", async () => {
    mkdirSync(at("srv", "shop"), { recursive: true });
    mkdirSync(at("mnt", "backups"), { recursive: true });
    writeFileSync(page, "as it was\n");
    await start(at("data"));
    const { pasteWell, close } = reader(at("data"));
    await pasteWell(`npx lifeboat site add shop ${at("srv", "shop")}`);
    await pasteWell("npx lifeboat backup shop --name nightly --to file:///mnt/backups/shop");
    writeFileSync(page, "hacked\n");
    const [look = "", restore = "", undo = ""] = sessionBelow("docs/rescue.md", "## With Lifeboat");
    expect(await pasteWell(look)).toMatch(/^shop +1 +Succeeded[^]*replace site\/wwwroot\/index\.html/m);
    expect(readFileSync(page, "utf8")).toBe("hacked\n");
    await pasteWell(restore);
    expect(readFileSync(page, "utf8")).toBe("as it was\n");
    await pasteWell(undo);
    expect(readFileSync(page, "utf8")).toBe("hacked\n");
    await close();
  });

  it("brings it back when the catalog was damaged and moved away", async () => {
    await killAll();
    const catalog = at("data", "lifeboat.db");
    writeFileSync(catalog, "not a database ".repeat(1000));
    rmSync(`${catalog}-wal`);
    const refused = await startLifeboat({ data: at("data"), flags: ["--tls-port", "0"] });
    expect(refused.output()).toContain(`${catalog} is damaged`);
    rmSync(catalog);
    await start(at("data"));
    const { pasteWell, close } = reader(at("data"));
    const [found = ""] = sessionBelow("docs/rescue.md", "### When the catalog is damaged");
    expect(await pasteWell(found)).toMatch(/^nightly\.zip +shop .* yes$/m);
    expect(readFileSync(page, "utf8")).toBe("as it was\n");
    writeFileSync(page, "hacked\n");
    await close();
  });

  it("brings it back on a new machine, with the backups and the recovery key", async () => {
    copyFileSync(at("data", "recovery-key"), at("recovery-key"));
    await killAll();
    await start(at("other"));
    const { paste, pasteWell, close } = reader(at("other"));
    // The dry run says what the restore would say.
    for (const [end, begin] of [
      ["--dry-run", "^It would be refused: .*"],
      ["--yes", ""],
    ] as const) {
      const { code, said } = await paste(
        `npx lifeboat restore shop nightly.zip --from file:///mnt/backups/shop ${end}`,
      );
      expect({ code, said }).toEqual({
        code: 4,
        said: expect.stringMatching(new RegExp(`${begin}is sealed to the recovery key [0-9a-f]{8}`, "m")),
      });
    }
    const [look = "", restore = ""] = sessionBelow("docs/rescue.md", "## On a new machine");
    expect(await pasteWell(look)).toMatch(/^nightly\.zip +shop [^]*the new site shop/m);
    await pasteWell(restore);
    const made = at("other", "www", "shop", "site", "wwwroot", "index.html");
    expect(readFileSync(made, "utf8")).toBe("as it was\n");
    await close();
  });

  it("brings its files back without Lifeboat", async () => {
    mkdirSync(at("zip"));
    copyFileSync(at("mnt", "backups", "shop", "nightly.zip"), at("zip", "nightly.zip"));
    const { pasteWell, close } = reader(at("none"), at("zip"));
    const [look = "", unpack = ""] = sessionBelow("docs/rescue.md", "## With nothing but the zip");
    expect(await pasteWell(look)).toMatch(/^No errors detected[^]*\nconfiguration\.json$/m);
    expect(await pasteWell(unpack)).toBe("index.html\n");
    expect(readFileSync(at("zip", "shop", "fs", "site", "wwwroot", "index.html"), "utf8")).toBe("as it was\n");
    await close();
  });
});
