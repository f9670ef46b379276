// Builds what runs: dist/main.js (the Functions app), dist/start.js (the one-machine host) and dist/archive-worker.js.
import { build } from "esbuild";
import { existsSync, rmSync } from "node:fs";
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

/** Bundles TypeScript entry points as ESM for Node; CommonJS dependencies find `require` through the banner. */
export const bundle = (entryPoints, outdir, extra = {}) =>
  build({
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

const entryPoints = {
  main: "src/main.ts",
  start: "src/start.ts",
  "archive-worker": "src/archive/worker.ts",
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(`${root}/dist`, { recursive: true, force: true });
  await bundle(
    Object.fromEntries(Object.entries(entryPoints).filter(([, path]) => existsSync(`${root}/${path}`))),
    "dist",
  );
}
