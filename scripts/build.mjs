// Builds what runs: dist/main.js (the Functions app), dist/start.js (the one-machine host), dist/archive-worker.js
// and dist/cli.js (the command line).
import { build } from "esbuild";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/** What esbuild splits off has a hash in its name. */
const isPart = (path) => /-[A-Z\d]{8}\.js/.test(path);

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
  // Parts before the entry files that name them.
  const inOrder = outputFiles.toSorted((a, b) => Number(isPart(b.path)) - Number(isPart(a.path)));
  for (const { path, contents } of inOrder) {
    const unfinished = `${path}.${process.pid}.tmp`;
    mkdirSync(dirname(path), { recursive: true });
    // What names its interpreter is a command.
    writeFileSync(unfinished, contents, { mode: contents[0] === 0x23 && contents[1] === 0x21 ? 0o755 : 0o644 });
    renameSync(unfinished, path);
  }
  return outputFiles.map(({ path }) => path);
};

const entryPoints = {
  main: "src/main.ts",
  start: "src/start.ts",
  "archive-worker": "src/archive-worker.ts",
  cli: "src/cli/main.ts",
};

const dayMs = 24 * 60 * 60 * 1000;

/**
 * What earlier builds left and this one does not make. A process that started from the build before still loads its parts
 * as it comes to need them, so they stay for a day. `dist/ts` belongs to scripts/run-ts.mjs.
 */
const removeLeftovers = (made) => {
  const names = new Set(made.map((path) => basename(path)));
  for (const entry of readdirSync(`${root}/dist`, { withFileTypes: true })) {
    const path = `${root}/dist/${entry.name}`;
    const { mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (entry.isFile() && !names.has(entry.name) && Date.now() - mtimeMs > dayMs) rmSync(path, { force: true });
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const present = Object.entries(entryPoints).filter(([, path]) => existsSync(`${root}/${path}`));
  // Split: what only some installations need (Azure's SDKs) is a file of its own, loaded when it is needed.
  removeLeftovers(await bundle(Object.fromEntries(present), "dist", { splitting: true }));
}
