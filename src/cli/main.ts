#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { CommanderError } from "commander";
import { CommandFailure } from "./command-failure.ts";
import type { CommandContext } from "./command.ts";
import { findConnection, type Connection, type ConnectionFlags } from "./service/connection.ts";
import { definitions } from "./line/definitions.ts";
import { exitCodes, type ExitCode } from "./exit-code.ts";
import { buildProgram, type CommonFlags, type OutputError, type Start } from "./line/program.ts";
import type { Service } from "./service/service.ts";
import { processTerminal } from "./terminal/terminal.ts";
import { messageOf } from "../domain/errors.ts";

/** The command line's entry: finds the command, runs it, and ends with its number. */
const terminal = processTerminal();

// Safe: the project's own file, which lies beside dist/ wherever that is installed.
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const start: Start = async (definition, given, flags) => {
  let service: Service | undefined;
  let connection: Connection | undefined;
  const { openService } = await import("./service/service.ts");
  const pause = (milliseconds: number): Promise<void> => setTimeout(milliseconds);
  const connected = (): Connection => (connection ??= connect({ ...flags, ...definition.connectionIn?.(given) }));
  const context: CommandContext = {
    terminal,
    service: () => (service ??= openService(connected(), { pause })),
    connection: connected,
    json: flags.json,
    quiet: flags.quiet,
    variable: (name) => process.env[name],
    now: () => new Date(),
    pause,
    version,
  };
  try {
    const run = await definition.load();
    process.exitCode = await run(context, given);
  } catch (error) {
    process.exitCode = fail(error, flags, connection);
  } finally {
    service?.close();
  }
};

const connect = (flags: ConnectionFlags): Connection =>
  findConnection(flags, {
    environment: process.env,
    askKey: terminal.canAsk ? (where) => terminal.askHidden(`Key for ${where} (not shown): `) : undefined,
  });

/** People get the message, scripts the number and, with --json, the code; a stack only who asks by NODE_DEBUG=lifeboat. */
const fail = (error: unknown, { json }: Pick<CommonFlags, "json">, connection: Connection | undefined): ExitCode => {
  const isSaid = error instanceof CommandFailure;
  const exitCode = isSaid ? error.exitCode : exitCodes.failed;
  const code = isSaid ? error.code : "Unexpected";
  const reason = messageOf(error);
  const hint =
    exitCode === exitCodes.notAllowed && connection !== undefined ? ` (The key is from ${connection.keySource}.)` : "";
  const message = `${isSaid ? reason : `lifeboat failed: ${reason}`}${hint}`;
  terminal.err(json ? `${JSON.stringify({ error: { code, message, exitCode } })}\n` : `${message}\n`);
  if (/\blifeboat\b/.test(process.env["NODE_DEBUG"] ?? ""))
    terminal.err(`${String(error instanceof Error ? error.stack : error)}\n`);
  return exitCode;
};

/** Also what was not understood is JSON for whoever asked for that. */
const outputError: OutputError = (text, write) => {
  const message = text.trim().replace(/^error: /, "");
  const error = { code: "Usage", message, exitCode: exitCodes.usage };
  write(process.argv.includes("--json") ? `${JSON.stringify({ error })}\n` : text);
};

try {
  await buildProgram(definitions, version, { start, outputError }).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has said it already; help and version are what was asked for.
  process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
}
