import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

const nanosecondsPerSecond = 1_000_000_000n;

/** utimensat(2), whose number differs between processors. */
const systemCall: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 280, arm64: 88 };

// Reads "seconds nanoseconds path NUL" records; leaves the access time alone and follows no link. AT_FDCWD is -100,
// AT_SYMLINK_NOFOLLOW 256, UTIME_OMIT 1073741822. Prints how many could not be set.
const program = (call: number): string => `
  $/ = "\\0"; my $missed = 0;
  while (<STDIN>) {
    chomp; my ($seconds, $nanoseconds, $path) = split / /, $_, 3;
    my $times = pack("qqqq", 0, 1073741822, $seconds, $nanoseconds);
    syscall(${call}, -100, $path, $times, 256) == 0 or $missed++;
  }
  print $missed;
`;

/** Whether Node's own calls, which take seconds as a fraction, would set this time inexactly (to a microsecond). */
export const needsExactTime = (timeNs: bigint): boolean => timeNs < 0n || timeNs % nanosecondsPerSecond !== 0n;

/**
 * Sets modification times to the nanosecond, which Node cannot: one Perl process (part of every Debian and of most other
 * systems) is told them as they come. Without it the times Node set stay, right to a microsecond.
 */
export class ExactTimes {
  #child: ChildProcessWithoutNullStreams | undefined;
  #end: Promise<number> | undefined;
  #count = 0;

  /** Sets it some time before `finish` returns, unless `file` (latin1) is moved before. */
  add(file: string, timeNs: bigint): void {
    this.#count++;
    this.#child ??= this.#start();
    const remainder = timeNs % nanosecondsPerSecond;
    const nanoseconds = remainder < 0n ? remainder + nanosecondsPerSecond : remainder;
    const seconds = (timeNs - nanoseconds) / nanosecondsPerSecond;
    this.#child?.stdin.write(`${seconds} ${nanoseconds} ${file}\0`, "latin1");
  }

  /** How many times stayed inexact. */
  async finish(): Promise<number> {
    if (this.#child) this.#child.stdin.end();
    const missed = this.#end ? await this.#end : this.#count;
    this.#child = undefined;
    this.#end = undefined;
    this.#count = 0;
    return missed;
  }

  #start(): ChildProcessWithoutNullStreams | undefined {
    const call = process.platform === "linux" ? systemCall[process.arch] : undefined;
    if (call === undefined) return undefined;
    const child = spawn("perl", ["-e", program(call)], { env: { PATH: process.env["PATH"] } });
    let output = "";
    child.stdout.on("data", (text) => (output += String(text)));
    child.stderr.resume();
    // A missing or dying Perl closes the pipe; its exit code says so below.
    child.stdin.on("error", () => undefined);
    const all = (): number => this.#count;
    this.#end = once(child, "close").then(
      () => (/^\d+$/.test(output) ? Number(output) : all()),
      () => all(),
    );
    return child;
  }
}
