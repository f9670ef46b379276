// Loaded into a process before all else: each SIGUSR2 puts the process' clock ahead by a minute.
import { isMainThread } from "node:worker_threads";

const minuteMs = 60_000;
let aheadMs = 0;
const RealDate = Date;

if (isMainThread) {
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length === 0 ? [RealDate.now() + aheadMs] : given));
    }

    static now() {
      return RealDate.now() + aheadMs;
    }
  };
  process.on("SIGUSR2", () => (aheadMs += minuteMs));
}
