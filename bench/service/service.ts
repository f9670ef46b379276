import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface Service {
  readonly url: string;
  /** The path under which its sites are. */
  readonly group: string;
  /** With the admin's key. */
  readonly headers: { readonly authorization: string; readonly "content-type": string };
  /** Seconds from the request to Succeeded, as a caller sees it. */
  readonly backup: (site: string, destination: string) => Promise<number>;
  /** Of the site's newest backup to a site that does not exist yet. */
  readonly restore: (site: string, to: string, destination: string) => Promise<number>;
  /** Gets a resource below the group of sites; throws for anything but 200. */
  readonly ask: (path: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const pollMs = 20;
const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Web/sites";

/** The built program, on a data folder of its own, with a site for every name; all of them are the same directory. */
export const startService = async (data: string, sites: readonly string[], wwwroot: string): Promise<Service> => {
  mkdirSync(join(data, "sites"), { recursive: true });
  for (const site of sites) writeFileSync(join(data, "sites", `${site}.json`), JSON.stringify({ wwwroot }));
  const child = spawn(process.execPath, ["dist/start.js", "--data", data, "--port", "0", "--tls-port", "0"], {
    env: {
      ...process.env,
      LIFEBOAT_STORAGE_HOSTS: "127.0.0.1",
      LIFEBOAT_ALLOW_HTTP_STORAGE: "true",
      LIFEBOAT_FILE_ROOTS: join(data, "..", "containers"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let output = "";
    child.once("exit", () => reject(new Error(`The service ended before it was ready: ${output}`)));
    child.stdout.on("data", (text: Buffer) => {
      output += text.toString();
      const ready = /ready at (\S+)/.exec(output)?.[1];
      if (ready !== undefined) resolve(ready);
    });
  });
  const { secret } = JSON.parse(readFileSync(join(data, "admin-key"), "utf8")) as { secret: string }; // Its own file.
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(path.startsWith("http") ? path : `${url}${group}/${path}?api-version=2024-11-01`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const asked = async (method: string, path: string, body?: unknown): Promise<BackupReply> => {
    const answer = await ask(method, path, body);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as BackupReply; // What the API answers.
  };
  const newest = new Map<string, string>();

  return {
    url,
    group,
    headers,
    async backup(site, destination) {
      const started = performance.now();
      const { properties } = await asked("POST", `${site}/backup`, { properties: { storageAccountUrl: destination } });
      for (;;) {
        const now = (await asked("GET", `${site}/backups/${properties.id}`)).properties;
        if (now.status === "Succeeded") {
          newest.set(site, now.blobName);
          return (performance.now() - started) / 1000;
        }
        if (now.status !== "Created" && now.status !== "InProgress")
          throw new Error(`The backup ended ${now.status}: ${now.log}`);
        await pause(pollMs);
      }
    },
    async restore(site, to, destination) {
      const started = performance.now();
      const answer = await ask("POST", `${to}/restoreFromBackupBlob`, {
        properties: { storageAccountUrl: destination, blobName: newest.get(site), overwrite: false },
      });
      const location = answer.headers.get("location");
      if (answer.status !== 202 || location === null)
        throw new Error(`The restore was refused: ${answer.status} ${await answer.text()}`);
      for (;;) {
        const poll = await ask("GET", location);
        if (poll.status === 200) return (performance.now() - started) / 1000;
        if (poll.status !== 202) throw new Error(`The restore ended ${poll.status}: ${await poll.text()}`);
        await pause(pollMs);
      }
    },
    async ask(path) {
      await asked("GET", path);
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
};

interface BackupReply {
  readonly properties: {
    readonly id: number;
    readonly status: string;
    readonly blobName: string;
    readonly log: string;
  };
}
