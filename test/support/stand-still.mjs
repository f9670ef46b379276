// Loaded into a process before all else: it stops, as a machine does that is suspended, right when it has said each of the
// words of STAND_STILL_AT, in their order and once each. SIGCONT lets it go on.
import { isMainThread } from "node:worker_threads";

const words = (process.env["STAND_STILL_AT"] ?? "").split(",").filter((word) => word !== "");

if (isMainThread && words.length > 0) {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk, ...more) => {
    const written = write(chunk, ...more);
    if (words.length > 0 && String(chunk).includes(words[0])) {
      words.shift();
      process.kill(process.pid, "SIGSTOP");
    }
    return written;
  };
}
