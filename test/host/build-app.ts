import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "../../scripts/build.mjs";

const fixture = "test/fixtures/host-app";

/** Makes a folder that a Functions host can start: the fixture app, bundled as the product is. */
export const buildHostApp = async (folder: string): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  for (const file of ["host.json", "local.settings.json", "package.json"])
    cpSync(join(fixture, file), join(folder, file));
  await bundle({ main: `${fixture}/src/main.ts` }, join(folder, "dist"));
};
