import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LocalExchange } from "../../../src/adapters/site-files/exchange/local-exchange.ts";
import { realRoot } from "../../../src/adapters/site-files/beneath.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { describeWith } from "../../support/needs.ts";
import { canMount } from "../../support/small-disk.ts";

/** A folder or file of the same file system, mounted elsewhere: no device number tells it apart. */
describeWith("mount", canMount, "a bind mount", () => {
  let folder: string;
  let site: string;
  let mounted: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-bind-"));
    site = join(folder, "my shop");
    mounted = [];
    for (const name of ["disk/uploads", "my shop/uploads"]) mkdirSync(join(folder, name), { recursive: true });
    for (const name of ["disk/index.html", "disk/.env", "my shop/.env"]) writeFileSync(join(folder, name), "old");
  });
  afterEach(() => {
    for (const place of mounted) execFileSync("umount", [place]);
    rmSync(folder, { recursive: true });
  });

  const bind = (from: string, to: string): void => {
    execFileSync("mount", ["--bind", from, to]);
    mounted.unshift(to);
  };

  const exchange = () =>
    new LocalExchange({
      run: "restore-1",
      roots: () => [{ at: pathFromText(""), real: realRoot(site) }],
      setMetadata: () => [],
      setMetadataBack: () => [],
    });

  it("as a site is exchanged within itself", async () => {
    bind(join(folder, "disk"), site);
    const [root] = await exchange().stage("a1");
    writeFileSync(join(root?.directory ?? "", "index.html"), "new");
    await exchange().settle("a1", []);
    await exchange().swap([{ kind: "place", path: pathFromText("index.html"), attempt: "a1" }]);
    expect(readFileSync(join(site, "index.html"), "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["disk", "my shop"]);
    await exchange().putBack();
    expect(readFileSync(join(site, "index.html"), "utf8")).toBe("old");
  });

  it("in a site is named before anything is touched, be it a folder or a file", async () => {
    bind(join(folder, "disk", "uploads"), join(site, "uploads"));
    bind(join(folder, "disk", ".env"), join(site, ".env"));
    const changed = ["index.html", "uploads", "uploads/a", "uploads/new/b", "uploads/new/c", ".env"].map(pathFromText);
    const problems = await exchange().check({ staged: [], changed });
    expect(problems).toEqual([
      expect.stringMatching(/my shop\/uploads is mounted by itself.*directory of its own in the site's file/),
      expect.stringMatching(/my shop\/\.env is mounted by itself/),
    ]);
  });
});
