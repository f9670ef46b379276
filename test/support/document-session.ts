import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** What a reader of a document would copy: the blocks of a language below a heading, one after the other. */
export const sessionBelow = (document: string, heading: string, language = "bash"): readonly string[] => {
  const section = readFileSync(document, "utf8")
    .split(/^(?=#+ )/m)
    .find((text) => text.startsWith(`${heading}\n`));
  const blocks = [...(section ?? "").matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, found, text = ""]) =>
    found === language ? [text] : [],
  );
  if (blocks.length === 0) throw new Error(`${document} shows no session below "${heading}".`);
  return blocks;
};

interface SessionOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What stands otherwise here than in the document, such as ports. */
  readonly instead: Readonly<Record<string, string>>;
}

/** What one block said, and how its last command ended. */
interface SessionStep {
  readonly said: string;
  readonly code: number;
}

/** A shell into which blocks are pasted one by one; what one of them sets the next ones have. */
export const openSession = ({ directory, environment, instead }: SessionOptions) => {
  const shell = spawn("bash", ["--norc"], {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = once(shell, "close");
  let said = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
  let failed = false;
  shell.stdout.once("close", () => (failed = true));
  return {
    /** Each command of the block has to succeed, as with `set -e`, but the shell stays. */
    async paste(block: string): Promise<SessionStep> {
      said = "";
      const here = Object.entries(instead).reduce((text, [from, to]) => text.replaceAll(from, to), block);
      shell.stdin.write(`trap 'problem=$?' ERR; problem=0\n${here}\ntrap - ERR; echo "end of block $problem"\n`);
      const end = /end of block (\d+)\n/;
      while (!end.test(said) && !failed) await Promise.race([once(shell.stdout, "data"), ended]);
      return { said: said.replace(end, ""), code: Number(end.exec(said)?.[1] ?? 1) };
    },
    async close(): Promise<void> {
      shell.stdin.end();
      await ended;
    },
  };
};
