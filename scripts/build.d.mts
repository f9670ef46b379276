import type { BuildOptions } from "esbuild";

/** Answers the paths of the files it made. */
export const bundle: (
  entryPoints: readonly string[] | Readonly<Record<string, string>>,
  outdir: string,
  extra?: BuildOptions,
) => Promise<readonly string[]>;
