// node scripts/build-host-app.mjs FOLDER: makes a folder that a Functions host can start, with the app of the suite in test/host.
import { cpSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./build.mjs";

const fixture = fileURLToPath(new URL("../test/fixtures/host-app", import.meta.url));

/** The fixture app, bundled as the product is. */
export const buildHostApp = async (folder) => {
  mkdirSync(folder, { recursive: true });
  for (const file of ["host.json", "local.settings.json", "package.json"])
    cpSync(join(fixture, file), join(folder, file));
  await bundle({ main: join(fixture, "src/main.ts") }, join(resolve(folder), "dist"));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new Error("Name the folder to make: node scripts/build-host-app.mjs FOLDER");
  await buildHostApp(folder);
}
