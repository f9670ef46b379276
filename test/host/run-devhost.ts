// node run-devhost.js ROOT DATA: runs the app in ROOT on the devhost until SIGTERM; prints one line of JSON once it serves.
import { join } from "node:path";
import { HostFailure } from "../../src/devhost/host-failure.ts";
import { startHost } from "../../src/devhost/host.ts";

const [rootDir = "", dataDir = ""] = process.argv.slice(2);

try {
  const host = await startHost({
    rootDir,
    appFile: join(rootDir, "dist/main.js"),
    dataDir,
    port: 0,
    log: (level, category, message) => console.error(`${level} ${category}: ${message}`),
  });
  process.once("SIGTERM", () => void host.stop().then(() => process.exit(0)));
  // Whoever started it holds the other end, and closes it also when it is killed.
  process.stdin.resume().once("close", () => process.exit(1));
  console.log(JSON.stringify({ url: host.url, masterKey: host.masterKey }));
} catch (error) {
  console.error(error instanceof HostFailure ? error.message : error);
  process.exit(1);
}
