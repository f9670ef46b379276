// Builds what runs: dist/main.js (the Functions app), dist/start.js (the one-machine host) and dist/archive-worker.js.
import { build } from "esbuild";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * The Functions library is bundled from the TypeScript its package ships. What it ships compiled is for Node 8: private
 * members are WeakMaps there, which alone make an HTTP call three times as expensive (docs/devhost.md).
 */
const functionsLibrary = {
  "@azure/functions": `${root}/node_modules/@azure/functions/src/index.ts`,
  "@azure/functions-extensions-base": `${root}/node_modules/@azure/functions-extensions-base/dist/azure-functions-extensions-base.js`,
};

/**
 * Bundles TypeScript entry points as ESM for Node; CommonJS dependencies find `require` through the banner. Each file is
 * replaced in one move, so that a process that loads it meanwhile gets the old or the new one, whole. Answers the files.
 */
export const bundle = async (entryPoints, outdir, extra = {}) => {
  const { outputFiles } = await build({
    write: false,
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    logLevel: "warning",
    // The host provides functions-core; libsql brings a native binary and is loaded only on one machine.
    external: ["@azure/functions-core", "libsql"],
    alias: extra.packages === "external" ? {} : functionsLibrary,
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    ...extra,
  });
  for (const { path, contents } of outputFiles) {
    const unfinished = `${path}.${process.pid}.tmp`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(unfinished, contents);
    renameSync(unfinished, path);
  }
  return outputFiles.map(({ path }) => path);
};

const entryPoints = {
  main: "src/main.ts",
  start: "src/start.ts",
  "archive-worker": "src/archive/worker.ts",
};

/** What an earlier build left and this one does not make; `dist/ts` belongs to scripts/run-ts.mjs. */
const removeLeftovers = (made) => {
  const names = new Set(made.map((path) => basename(path)));
  for (const entry of readdirSync(`${root}/dist`, { withFileTypes: true }))
    if (entry.isFile() && !entry.name.endsWith(".tmp") && !names.has(entry.name))
      rmSync(`${root}/dist/${entry.name}`, { force: true });
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const present = Object.entries(entryPoints).filter(([, path]) => existsSync(`${root}/${path}`));
  removeLeftovers(await bundle(Object.fromEntries(present), "dist"));
}
