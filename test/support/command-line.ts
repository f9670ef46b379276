import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** `lifeboat` as it is built, run as a user types it. */
interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CommandLine {
  /** Piped: nobody can be asked. */
  readonly run: (...words: readonly string[]) => Promise<Ended>;
  /** In a pseudo-terminal. */
  readonly terminal: (words: readonly string[], options?: TerminalOptions) => TerminalSession;
}

interface TerminalOptions {
  readonly columns?: number;
  /** What gets the words in the place of `lifeboat`, such as a shell. */
  readonly program?: readonly string[];
}

interface TerminalSession {
  /** All that was ever written to the terminal. */
  readonly screen: () => string;
  /** Resolves when the terminal has shown this, after what was waited for before. */
  readonly shows: (pattern: RegExp) => Promise<void>;
  readonly type: (text: string) => void;
  readonly resize: (columns: number) => void;
  readonly ended: Promise<number | null>;
}

export const ctrlC = "\u0003";

const program = join(process.cwd(), "dist", "cli.js");
const running = new Set<ChildProcess>();

/** For afterEach. */
export const endCommandLines = (): void => {
  for (const child of running) child.kill("SIGKILL");
};

/** `environment` replaces that of the tests: nothing of the machine decides. */
export const commandLine = (environment: Readonly<Record<string, string>>, folder: string): CommandLine => {
  const options = {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", TZ: "UTC", HOME: folder, TERM: "xterm", ...environment },
  };
  const tracked = (child: ChildProcess): ChildProcess => {
    running.add(child);
    child.once("close", () => running.delete(child));
    return child;
  };
  return {
    async run(...words) {
      const child = tracked(
        spawn(process.execPath, [program, ...words], { ...options, stdio: ["ignore", "pipe", "pipe"] }),
      );
      let out = "";
      let err = "";
      child.stdout?.on("data", (text: Buffer) => (out += text.toString()));
      child.stderr?.on("data", (text: Buffer) => (err += text.toString()));
      // As Node documents the event.
      const [code] = (await once(child, "close")) as [number | null];
      return { code, out, err };
    },
    terminal(words, { columns = 100, program: run = [process.execPath, program] } = {}) {
      const driver = join(process.cwd(), "test", "support", "pseudo-terminal.py");
      const args = [driver, String(columns), ...run, ...words];
      const child = tracked(spawn("python3", args, { ...options, stdio: ["pipe", "pipe", "inherit"] }));
      let screen = "";
      let seen = 0;
      child.stdout?.on("data", (text: Buffer) => (screen += text.toString()));
      const tell = (wish: unknown): void => void child.stdin?.write(`${JSON.stringify(wish)}\n`);
      let hasEnded = false;
      // As Node documents the event.
      const ended = once(child, "close").then(([code]) => {
        hasEnded = true;
        return code as number | null;
      });
      return {
        screen: () => screen,
        async shows(pattern) {
          for (;;) {
            const found = pattern.exec(screen.slice(seen));
            if (found !== null) {
              seen += found.index + found[0].length;
              return;
            }
            if (hasEnded) throw new Error(`The terminal never showed ${String(pattern)}, but:\n${screen}`);
            await pause(20);
          }
        },
        type: (text) => tell({ type: text }),
        resize: (to) => tell({ resize: to }),
        ended,
      };
    },
  };
};

/** What differs from run to run, by a word. */
export const unvarying = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, "<when>")
    .replace(/(?<=_)\d{12}/g, "<stamp>")
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replace(/\bin \d+ s\b/g, "in <n> s");
