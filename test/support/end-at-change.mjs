// Loaded into a process before all else: ends it, as a power cut would, right before one of the changes that an exchange,
// or the page in front of the site, makes in the file system. Which one, END_AT says; how many there were is written to
// END_COUNT.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const endAt = Number(process.env["END_AT"] ?? "0");
const countFile = process.env["END_COUNT"] ?? "";
const changes = ["renameSync", "linkSync", "unlinkSync", "mkdirSync", "rmdirSync", "rmSync", "chmodSync", "utimesSync"];
const ofExchange = /\/\.lifeboat-|^\/proc\/self\/fd\/|\/site\/wwwroot(?:\/app_offline\.htm)?$/;

let seen = 0;
const isExchange = (path) => ofExchange.test(Buffer.isBuffer(path) ? path.toString("latin1") : String(path));

if (isMainThread && endAt > 0) {
  for (const name of changes) {
    const change = fs[name];
    fs[name] = (...given) => {
      if (given.slice(0, 2).some((path) => (typeof path === "string" || Buffer.isBuffer(path)) && isExchange(path))) {
        seen++;
        if (countFile !== "") fs.writeFileSync(countFile, String(seen));
        if (seen === endAt) process.kill(process.pid, "SIGKILL");
      }
      return change(...given);
    };
  }
  syncBuiltinESMExports();
}
