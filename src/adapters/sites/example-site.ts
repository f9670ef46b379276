import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { makeFolder } from "../machine/make-folder.ts";
import { exampleContent } from "./example-content.ts";

export const exampleName = "example";

/*
 * A small site and its site file, so that there is something to back up. For the very first start only, before anything
 * else marks that there was one: once removed it does not come back, and after a crash it is completed.
 */

interface SitesFolders {
  readonly sitesFolder: string;
  readonly sitesRoot: string;
}

/** Where sites are described already, nothing is to be made. */
export const hasNoSites = async (sitesFolder: string): Promise<boolean> =>
  !(await readdir(sitesFolder)).some((name) => name.endsWith(".json") && !name.startsWith("."));

const homeIn = (sitesRoot: string): string => join(sitesRoot, exampleName);

export const makeExample = async (sitesRoot: string): Promise<void> => {
  for (const [path, text] of Object.entries(exampleContent)) {
    const file = join(homeIn(sitesRoot), ...path.split("/"));
    await makeFolder(dirname(file));
    await writeUnlessThere(file, text, 0o644);
  }
};

/** Afterwards: a site that is known is whole. */
export const describeExample = async ({ sitesFolder, sitesRoot }: SitesFolders): Promise<void> => {
  const description = `${JSON.stringify({ home: homeIn(sitesRoot) }, null, 2)}\n`;
  await writeUnlessThere(join(sitesFolder, `${exampleName}.json`), description, 0o600);
};

const writeUnlessThere = async (file: string, text: string, mode: number): Promise<void> => {
  try {
    await writeFile(file, text, { flag: "wx", mode, flush: true });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
};
