import { createInterface } from "node:readline";
import type { Writable } from "node:stream";

/** Where a command talks to people: results on stdout, everything else on stderr. */
export interface Terminal {
  readonly out: (text: string) => void;
  /** The standard output, for contents. */
  readonly binaryOut: () => Writable;
  readonly err: (text: string) => void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Somebody can be asked: both ends of the conversation are a terminal. */
  readonly canAsk: boolean;
  readonly columns: () => number;
  /** One line, without its end; undefined when there is none, or when Ctrl-C was the answer. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** As `ask`, and what is typed is not shown. */
  readonly askHidden: (question: string) => Promise<string | undefined>;
  /** Called at Ctrl-C instead of ending; answers what takes that back. */
  readonly onInterrupt: (handle: () => void) => () => void;
  /** Called when the process is asked to end, by Ctrl-C, SIGTERM or a closed terminal, instead of ending. */
  readonly onEnd: (handle: () => void) => () => void;
  readonly onResize: (handle: () => void) => () => void;
}

const usualColumns = 80;
const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export const processTerminal = (): Terminal => {
  const { stdin, stdout, stderr } = process;
  // `lifeboat list | head -1` is no failure.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const answer = (prepare: (end: () => void) => void = () => undefined): Promise<string | undefined> =>
    new Promise((resolve) => {
      // Not as a terminal: the line is edited by the terminal itself, and Ctrl-C stays a signal.
      const lines = createInterface({ input: stdin, terminal: false });
      const interrupted = (): void => finish(undefined);
      const finish = (line: string | undefined): void => {
        process.off("SIGINT", interrupted);
        lines.removeAllListeners();
        lines.close();
        resolve(line);
      };
      process.on("SIGINT", interrupted);
      lines.once("line", finish);
      lines.once("close", () => finish(undefined));
      prepare(() => finish(undefined));
    });
  return {
    out: (text) => void stdout.write(text),
    binaryOut: () => stdout,
    err: (text) => void stderr.write(text),
    outIsTerminal: stdout.isTTY,
    errIsTerminal: stderr.isTTY,
    canAsk: stdin.isTTY && stderr.isTTY,
    // Also 0, where the terminal does not know.
    columns: () => stderr.columns || usualColumns,
    ask: async (question) => {
      stderr.write(question);
      return answer();
    },
    askHidden: async (question) => {
      stderr.write(question);
      const line = await hiddenLine(stdin);
      stderr.write("\n");
      return line;
    },
    onInterrupt: (handle) => {
      process.on("SIGINT", handle);
      return () => process.off("SIGINT", handle);
    },
    onEnd: (handle) => {
      for (const signal of endSignals) process.on(signal, handle);
      return () => endSignals.forEach((signal) => process.off(signal, handle));
    },
    onResize: (handle) => {
      stderr.on("resize", handle);
      return () => stderr.off("resize", handle);
    },
  };
};

/** Typed character by character, for the terminal would show a line. */
const hiddenLine = (stdin: typeof process.stdin): Promise<string | undefined> =>
  new Promise((resolve) => {
    let typed = "";
    const finish = (line: string | undefined): void => {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
      resolve(line);
    };
    const take = (bytes: Buffer): void => {
      for (const character of bytes.toString("utf8")) {
        if (character === "\r" || character === "\n") return finish(typed);
        // Ctrl-C, and Ctrl-D.
        if (character === "\u0003" || character === "\u0004") return finish(undefined);
        typed = character === "\u007f" || character === "\b" ? typed.slice(0, -1) : typed + character;
      }
    };
    stdin.setRawMode(true);
    stdin.on("data", take);
    stdin.resume();
  });
