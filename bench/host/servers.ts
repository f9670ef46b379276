import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startHost } from "../../src/devhost/host.ts";

/** The measured servers, each in a process of its own: this program started again with the name of its part. */

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** The least that Node can do for a request: the yardstick. */
export const serveBare = async (): Promise<void> => {
  const body = JSON.stringify({ hello: "world" });
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(body);
  });
  process.on("message", () => process.send?.(cpuMicroseconds()));
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo; // It listens on a port.
    process.send?.(`http://127.0.0.1:${port}`);
  });
};

export const serveApp = async (appFile = "", dataDir = ""): Promise<void> => {
  const host = await startHost({
    appFile,
    dataDir,
    rootDir: "bench/host",
    port: 0,
    log: (level, category, message) => {
      if (level === "error" || level === "warning") console.error(category, message);
    },
  });
  process.on("message", (asked) => {
    if (asked === "cpu") process.send?.(cpuMicroseconds());
    else void host.idle().then(() => process.send?.("idle"));
  });
  process.send?.(host.url);
};

export interface Server {
  readonly url: string;
  /** What it has used of the processors so far. */
  readonly cpuMicroseconds: () => Promise<number>;
  /** Resolves when no orchestration runs any more; only the app has some. */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const started = async (child: ChildProcess): Promise<Server> => {
  const ended = once(child, "exit");
  const next = async (): Promise<string> => {
    const [said] = await Promise.race([
      once(child, "message"),
      ended.then(() => {
        throw new Error("A measured server ended too soon; its own words are above.");
      }),
    ]);
    return String(said);
  };
  const ask = (question: "cpu" | "idle"): Promise<string> => {
    child.send(question);
    return next();
  };
  return {
    url: await next(),
    cpuMicroseconds: async () => Number(await ask("cpu")),
    idle: async () => void (await ask("idle")),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
};

const self = process.argv[1] ?? "";

export const startBare = (): Promise<Server> => started(fork(self, ["bare"]));

/** It finds its own folder by its place, so it is loaded from there and not bundled. */
type Build = typeof import("../../scripts/build.mjs");

export const startApp = async (): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bench-"));
  const { bundle } = (await import(pathToFileURL("scripts/build.mjs").href)) as Build; // That very file.
  await bundle(["bench/host/app.ts"], "dist/ts");
  const server = await started(fork(self, ["app", "dist/ts/app.js", folder]));
  return {
    ...server,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
