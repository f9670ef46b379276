import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** az with a configuration of its own, as somebody uses it who has nothing to do with the other tests. */
export interface Az {
  /** What a command answered, parsed. Throws what az said. */
  (...words: readonly string[]): Promise<unknown>;
  /** What az said when it refused. */
  readonly refusal: (...words: readonly string[]) => Promise<string>;
}

interface AzOptions {
  readonly folder: string;
  readonly authorityFile: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export const azWith = ({ folder, authorityFile, environment = {} }: AzOptions): Az => {
  mkdirSync(folder, { recursive: true });
  const env = {
    ...process.env,
    ...quietAz(folder),
    REQUESTS_CA_BUNDLE: authorityFile,
    ...environment,
  };
  const answer = async (...words: readonly string[]): Promise<unknown> => {
    const { stdout } = await run("az", [...words, "--output", "json", "--only-show-errors"], { env });
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  };
  const refusal = async (...words: readonly string[]): Promise<string> =>
    answer(...words).then(
      () => {
        throw new Error(`az ${words.join(" ")} was expected to be refused.`);
      },
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  return Object.assign(answer, { refusal });
};

/** A configuration of its own, and nothing sent to anybody. */
export const quietAz = (folder: string): Readonly<Record<string, string>> => ({
  AZURE_CONFIG_DIR: folder,
  AZURE_CORE_COLLECT_TELEMETRY: "no",
  AZURE_CORE_NO_COLOR: "yes",
});
