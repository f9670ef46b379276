import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import { buildHostApp } from "../../scripts/build-host-app.mjs";
import { post } from "./call.ts";
import { type DevhostProcess, startDevhost } from "./devhost-process.ts";

export const readJson = (file: string): Record<string, object> =>
  JSON.parse(readFileSync(file, "utf8")) as Record<string, object>; // The callers know the files.

/** A folder for hosts that a test file starts, with the app in it; what still runs at the end is killed. */
export const ownHosts = () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-own-hosts-"));
  const app = join(folder, "app");
  const running = new Set<DevhostProcess>();
  beforeAll(() => buildHostApp(app));
  afterAll(async () => {
    for (const host of running) await host.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    app,
    /** Starts a host with its state in that folder of `folder`. */
    start: async (data: string, environment: Readonly<Record<string, string>> = {}): Promise<DevhostProcess> => {
      const { program } = inject("functionsHost");
      const host = await startDevhost({ program, root: app, data: join(folder, data), environment });
      running.add(host);
      return host;
    },
    end: (host: DevhostProcess, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> => {
      running.delete(host);
      return host.end(signal);
    },
    /** Changes a file of the app for the hosts that are started meanwhile. */
    withFile: async <Result>(name: string, content: string, body: () => Promise<Result>): Promise<Result> => {
      const file = join(app, name);
      const before = readFileSync(file, "utf8");
      writeFileSync(file, content);
      try {
        return await body();
      } finally {
        writeFileSync(file, before);
      }
    },
  };
};

export const startInstance = async (baseUrl: string, instanceId: string, lines: readonly object[]): Promise<void> => {
  const body = JSON.stringify({ name: "script", instanceId, input: lines });
  const { status, text } = await post("/durable/start", { baseUrl, body });
  if (status !== 200) throw new Error(text);
};

export const instanceStatus = async (baseUrl: string, id: string): Promise<{ readonly runtimeStatus: string }> =>
  (await post("/durable/status", { baseUrl, body: JSON.stringify({ id }) })).json<{
    readonly value: { readonly runtimeStatus: string };
  }>().value;

export const endedInstance = async (baseUrl: string, id: string): Promise<{ readonly runtimeStatus: string }> => {
  for (;;) {
    const status = await instanceStatus(baseUrl, id);
    if (status.runtimeStatus !== "Running" && status.runtimeStatus !== "Pending") return status;
  }
};
