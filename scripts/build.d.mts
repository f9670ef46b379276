import type { BuildOptions, BuildResult } from "esbuild";

export const bundle: (
  entryPoints: readonly string[] | Readonly<Record<string, string>>,
  outdir: string,
  extra?: BuildOptions,
) => Promise<BuildResult>;
