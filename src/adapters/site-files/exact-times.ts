import { spawn } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";

/** Something on this machine (latin1; nothing on its way is followed but what the caller made) and its time. */
interface FileTime {
  readonly file: string;
  readonly mtimeNs: bigint;
}

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

/** Whether Node's own calls, which take seconds as a fraction, set this time inexactly (to a microsecond). */
const needsHelp = (timeNs: bigint): boolean => timeNs < 0n || timeNs % nanosecondsPerSecond !== 0n;

const recordOf = ({ file, mtimeNs }: FileTime): string => {
  const remainder = mtimeNs % nanosecondsPerSecond;
  const nanoseconds = remainder < 0n ? remainder + nanosecondsPerSecond : remainder;
  return `${(mtimeNs - nanoseconds) / nanosecondsPerSecond} ${nanoseconds} ${file}\0`;
};

const textAtOnce = 64 * 1024;

function* recordsOf(times: Iterable<FileTime>): Generator<Buffer> {
  let text = "";
  for (const time of times) {
    text += recordOf(time);
    if (text.length < textAtOnce) continue;
    yield Buffer.from(text, "latin1");
    text = "";
  }
  yield Buffer.from(text, "latin1");
}

/**
 * Sets modification times of files, folders and links to the nanosecond, which Node cannot: a Perl process (part of
 * every Debian and of most other systems) is told all that need it. Whole seconds are left to whoever set them before.
 * Returns how many could not be set (all, where there is no Perl): those keep what Node set, right to a microsecond.
 */
export const setExactTimes = async (times: Iterable<FileTime>): Promise<number> => {
  const inexact = [...times].filter(({ mtimeNs }) => needsHelp(mtimeNs));
  const call = process.platform === "linux" ? systemCall[process.arch] : undefined;
  if (inexact.length === 0 || call === undefined) return inexact.length;
  const perl = spawn("perl", ["-e", program(call)], { env: { PATH: process.env["PATH"] } });
  let output = "";
  perl.stdout.on("data", (text) => (output += String(text)));
  perl.stderr.resume();
  const ended = once(perl, "close").catch(() => undefined);
  // A missing or dying Perl closes the pipe; then it has not said how many it missed, and all count as missed.
  await pipeline(recordsOf(inexact), perl.stdin).catch(() => undefined);
  await ended;
  return /^\d+$/.test(output) ? Number(output) : inexact.length;
};
