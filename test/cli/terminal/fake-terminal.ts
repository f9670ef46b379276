import { PassThrough } from "node:stream";
import type { CommandContext } from "../../../src/cli/command.ts";
import type { Terminal } from "../../../src/cli/terminal/terminal.ts";

export interface FakeTerminal extends Terminal {
  readonly written: { out: string; err: string };
  readonly interrupt: () => void;
  readonly resizeTo: (columns: number) => void;
}

/** A terminal in memory, with the answers that a person will give. */
export const fakeTerminal = ({
  answers = [],
  isTerminal = true,
  columns = 80,
}: {
  readonly answers?: (string | undefined)[];
  readonly isTerminal?: boolean;
  readonly columns?: number;
} = {}): FakeTerminal => {
  const written = { out: "", err: "" };
  const interrupts = new Set<() => void>();
  const resizes = new Set<() => void>();
  let width = columns;
  const ask = async (question: string): Promise<string | undefined> => {
    written.err += question;
    return answers.shift();
  };
  const onInterrupt = (handle: () => void): (() => void) => {
    interrupts.add(handle);
    return () => void interrupts.delete(handle);
  };
  return {
    written,
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    binaryOut: () => new PassThrough(),
    outIsTerminal: isTerminal,
    errIsTerminal: isTerminal,
    canAsk: isTerminal,
    columns: () => width,
    ask,
    askHidden: ask,
    onInterrupt,
    onEnd: onInterrupt,
    onResize: (handle) => {
      resizes.add(handle);
      return () => resizes.delete(handle);
    },
    interrupt: () => interrupts.forEach((handle) => handle()),
    resizeTo: (to) => {
      width = to;
      resizes.forEach((handle) => handle());
    },
  };
};

/** A command's surroundings whose clock moves only while somebody waits. */
export const fakeContext = (terminal: FakeTerminal) => {
  const clock = { time: Date.parse("2026-11-21T12:00:00Z") };
  const renewed = { times: 0 };
  const never = (): never => {
    throw new Error("No service is asked here.");
  };
  const context: CommandContext = {
    terminal,
    service: never,
    connection: () => ({
      name: "test",
      url: () => new URL("https://127.0.0.1:7443"),
      trust: () => undefined,
      key: never,
      keySource: "the test",
      trustAdvice: "",
      lineAdvice: "",
      renew: () => void renewed.times++,
    }),
    json: false,
    quiet: false,
    variable: () => undefined,
    now: () => new Date(clock.time),
    pause: async (milliseconds) => {
      clock.time += milliseconds;
    },
    version: "0.0.0",
  };
  return { context, clock, renewed };
};
