import { describe, expect, it } from "vitest";
import { checkInstallation } from "../../../src/operations/checks/check-installation.ts";
import { sharedFolders, siteFolders } from "../../../src/operations/sites/shared-folders.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

const named = (name: string) => ({ ...shop, name });

const described = async (folders: Readonly<Record<string, string>>) => {
  const { deps } = memoryInstallation();
  for (const [name, home] of Object.entries(folders)) await deps.sites.describe(named(name), { home });
  return deps;
};

describe("sites that share folders", () => {
  it("are named from either side, and others are not", async () => {
    const deps = await described({ all: "/srv", blog: "/srv/blog", blogger: "/srv/blogger", other: "/var/www" });
    const all = await siteFolders(deps, "all");
    expect(sharedFolders(named("blog"), all)).toEqual([expect.stringContaining("with all: a restore of one")]);
    expect(sharedFolders(named("all"), all)).toEqual([expect.stringContaining("with blog, blogger:")]);
    expect(sharedFolders(named("other"), all)).toEqual([]);
  });

  it("are not told to whom they are out of reach", async () => {
    const deps = await described({ all: "/srv", blog: "/srv/blog" });
    expect(sharedFolders(named("blog"), await siteFolders(deps, [named("blog")]))).toEqual([]);
  });

  it("are a warning of the installation's check", async () => {
    const deps = await described({ all: "/srv", blog: "/srv/blog" });
    const warned = (await checkInstallation(deps)).filter(({ message }) => /shares folders/.test(message));
    expect(warned).toMatchObject([
      { name: "site all", state: "warning" },
      { name: "site blog", state: "warning" },
    ]);
  });
});
