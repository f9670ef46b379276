import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { makeFolder } from "../machine/make-folder.ts";
import { exampleContent } from "./example-content.ts";

export const exampleName = "example";

/**
 * Makes a small site and its site file, so that there is something to back up. For the very first start only, before
 * anything else marks that there was one: once removed it does not come back, and after a crash it is completed. False,
 * and nothing is made, where sites are described already.
 */
export const offerExampleSite = async ({
  sitesFolder,
  sitesRoot,
}: {
  readonly sitesFolder: string;
  readonly sitesRoot: string;
}): Promise<boolean> => {
  await makeFolder(sitesFolder, 0o700);
  const others = (await readdir(sitesFolder)).filter((name) => name.endsWith(".json") && !name.startsWith("."));
  if (others.length > 0) return false;
  const home = join(sitesRoot, exampleName);
  for (const [path, text] of Object.entries(exampleContent)) {
    const file = join(home, ...path.split("/"));
    await makeFolder(dirname(file));
    await writeUnlessThere(file, text, 0o644);
  }
  // The site file last: a site that is known is whole.
  await writeUnlessThere(join(sitesFolder, `${exampleName}.json`), `${JSON.stringify({ home }, null, 2)}\n`, 0o600);
  return true;
};

const writeUnlessThere = async (file: string, text: string, mode: number): Promise<void> => {
  try {
    await writeFile(file, text, { flag: "wx", mode, flush: true });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
};
