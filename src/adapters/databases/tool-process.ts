import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { untilAborted } from "./until-aborted.ts";

/** One call of a vendor's tool. Secrets belong into `env`; `args` can be seen by everybody on the machine. */
export interface ToolCall {
  /** An absolute path (`findTool`). */
  readonly command: string;
  readonly args: readonly string[];
  /** What the tool needs besides PATH, HOME and the like; Lifeboat's own settings are not handed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: AsyncIterable<Uint8Array>;
  /** Each line of its standard error, as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The tool ended with an error; the message holds the end of what it said, and may hold names but no secret of ours. */
export class ToolFailed extends Error {
  /** The exit code; 128 and the signal's number when a signal ended it. */
  readonly code: number;
  readonly said: string;

  constructor(command: string, code: number, said: string) {
    super(`${command.replace(/.*\//, "")} ended with ${code}${said === "" ? "" : `: ${said}`}`);
    this.name = "ToolFailed";
    this.code = code;
    this.said = said;
  }
}

/**
 * The shell stays beside the tool in a process group of their own. Descriptor 3 is held open by this process alone: when
 * it ends, however it ends, the watch reads the end of it and takes the whole group along.
 */
const guard = `trap : TERM
(read -r _ <&3; kill -s KILL 0) </dev/null >/dev/null 2>&1 &
watch=$!
"$@" 3<&-
code=$?
kill -s KILL "$watch" 2>/dev/null
exit "$code"`;

const passedOn = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "USERPROFILE",
  "LD_LIBRARY_PATH",
  "DOTNET_ROOT",
];

const environmentFor = (own: Readonly<Record<string, string>>): Record<string, string> => {
  const base = passedOn.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // In English, so that what it says can be understood.
  return { ...Object.fromEntries(base), LC_ALL: "C", ...own };
};

const isWindows = process.platform === "win32";

const begin = ({ command, args, env, input }: ToolCall): ChildProcess => {
  const stdin = input === undefined ? "ignore" : "pipe";
  const options = { env: environmentFor(env), windowsHide: true };
  return isWindows
    ? spawn(command, args, { ...options, stdio: [stdin, "pipe", "pipe"] })
    : spawn("/bin/sh", ["-c", guard, "sh", command, ...args], {
        ...options,
        detached: true,
        stdio: [stdin, "pipe", "pipe", "pipe"],
      });
};

/** How long a tool that was asked to end may take to tell its server so. */
const graceMs = 5_000;
const keptCharacters = 8_000;

/**
 * Runs a tool and hands on its standard output as it comes. Ends by itself only when the tool ended well; throws ToolFailed,
 * the signal's reason, or what the input threw, and always after the tool's end.
 */
export async function* toolOutput(call: ToolCall): AsyncGenerator<Uint8Array> {
  const { signal } = call;
  signal.throwIfAborted();
  const child = begin(call);
  const ended = endOf(child);
  // It is awaited in any case, but maybe later than it is rejected.
  ended.catch(() => undefined);
  const stop = (): void => end(child, ended);
  signal.addEventListener("abort", stop, { once: true });
  const said = listen(child, call.onLine);
  const feeding = feed(child, call, stop);
  try {
    // Safe: both streams are pipes.
    for await (const chunk of child.stdout as Readable) yield chunk as Uint8Array;
    const code = await ended;
    const problem = await feeding;
    signal.throwIfAborted();
    if (problem !== undefined) throw problem.error;
    if (code !== 0) throw new ToolFailed(call.command, code, said());
  } catch (error) {
    // A stream that breaks off because the tool was ended is not what went wrong.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
    await ended;
  }
}

/** As `toolOutput`, for short output: all of it as text. */
export const runTool = async (call: ToolCall): Promise<string> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of toolOutput(call)) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
};

/** The exit code, once all of its group have let go of their output. */
const endOf = async (child: ChildProcess): Promise<number> => {
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (...result) => resolve(result));
  });
  return code ?? (signal === "SIGKILL" ? 137 : 143);
};

const end = (child: ChildProcess, ended: Promise<unknown>): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const since = performance.now();
  const ask = (): void => kill(child, performance.now() - since < graceMs ? "SIGTERM" : "SIGKILL");
  ask();
  // Again and again: the shell may have been about to start the tool when it was asked first.
  const timer = setInterval(ask, 200);
  ended.finally(() => clearInterval(timer)).catch(() => undefined);
};

const kill = (child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void => {
  try {
    if (isWindows || child.pid === undefined) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

const listen = (child: ChildProcess, onLine: (line: string) => void = () => undefined): (() => string) => {
  let kept = "";
  let open = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => {
    kept = `${kept}${text}`.slice(-keptCharacters);
    const lines = `${open}${text}`.split("\n");
    open = (lines.pop() ?? "").slice(-keptCharacters);
    for (const line of lines) onLine(line);
  });
  child.stderr?.once("end", () => {
    if (open !== "") onLine(open);
  });
  return () => kept.trim();
};

/** What the source of the input threw. A tool that does not read to the end says itself why. */
const feed = async (
  child: ChildProcess,
  { input, signal }: ToolCall,
  stop: () => void,
): Promise<{ readonly error: unknown } | undefined> => {
  const { stdin } = child;
  if (input === undefined || stdin === null) return undefined;
  stdin.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => stdin.once("close", resolve));
  try {
    for await (const piece of untilAborted(input, signal)) {
      if (stdin.destroyed) return undefined;
      if (!stdin.write(piece)) await Promise.race([drained(stdin), closed]);
    }
    stdin.end();
    return undefined;
  } catch (error) {
    // Its input is not ended: the tool would take what it has for all.
    stop();
    return { error };
  }
};

const drained = (stdin: Writable): Promise<void> => new Promise((resolve) => stdin.once("drain", resolve));
