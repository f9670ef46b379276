import { randomUUID } from "node:crypto";
import type { ToolCall } from "../tool-process.ts";

/** Columns as text; NULL is the text `NULL`, as the client prints it. */
export type Row = readonly string[];

interface Reading {
  readonly database: string | undefined;
  /** Servers themselves wait a day for a table that others hold locked, and a site may be stopped meanwhile. */
  readonly lockWaitSeconds: number;
}

/** How several statements go through the client program, and how their rows come out of what it prints. */
export const readRows = (
  statements: readonly string[],
  { database, lockWaitSeconds }: Reading,
): Pick<ToolCall, "args"> & {
  readonly input: AsyncIterable<Uint8Array>;
  readonly read: (printed: string) => readonly (readonly Row[])[];
} => {
  const mark = randomUUID();
  // The client takes 15 characters at most.
  const end = `$${randomUUID().slice(0, 8)};;`;
  // What makes a routine has semicolons in it that do not end it.
  const script = [
    `DELIMITER ${end}`,
    `SET lock_wait_timeout = ${lockWaitSeconds}\n${end}`,
    ...statements.flatMap((sql) => [`${sql}\n${end}`, `SELECT '${mark}'\n${end}`]),
    "",
  ];
  return {
    args: [...clientOptions, ...(database === undefined ? [] : [`--database=${database}`])],
    input: textStream(script.join("\n")),
    read: (printed) =>
      printed
        .split(`${mark}\n`)
        .slice(0, statements.length)
        .map((part) => part.split("\n").slice(0, -1).map(toRow)),
  };
};

/** `--binary-mode` leaves the client no commands but DELIMITER, and takes every byte as it is. */
export const clientOptions: readonly string[] = [
  "--batch",
  "--skip-column-names",
  "--binary-mode",
  "--local-infile=0",
  "--connect-timeout=15",
  "--max-allowed-packet=1G",
];

async function* textStream(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, "utf8");
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", "0": "\0", "\\": "\\" };

const toRow = (line: string): Row =>
  line.split("\t").map((value) => value.replaceAll(/\\([nt0\\])/g, (_, one: string) => escapes[one] ?? one));
