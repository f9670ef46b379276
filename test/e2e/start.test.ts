import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
let running: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-start-"));
  running = [];
});
afterEach(async () => {
  for (const child of running.filter((one) => one.exitCode === null && one.signalCode === null)) {
    child.kill("SIGKILL");
    await once(child, "close");
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the built program and resolves when it is ready, or with its exit code when it ends before. */
const start = async (...flags: string[]) => {
  const child = spawn(process.execPath, ["dist/start.js", "--data", join(folder, "data"), "--port", "0", ...flags]);
  running.push(child);
  let output = "";
  const url = new Promise<string>((resolve) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      const ready = /ready at (\S+)/.exec(output)?.[1];
      if (ready !== undefined) resolve(ready);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
  });
  const ended = once(child, "close").then(([code]) => code as number); // Safe: no signal ends it before it is asked to.
  const result = await Promise.race([url, ended]);
  return {
    child,
    ended,
    output: () => output,
    url: typeof result === "string" ? result : "",
    code: typeof result === "number" ? result : undefined,
  };
};

const bearer = (): Record<string, string> => {
  const { secret }: { secret: string } = JSON.parse(readFileSync(join(folder, "data", "admin-key"), "utf8"));
  return { authorization: `Bearer ${secret}` };
};

describe("npm start", () => {
  it("makes its data folder and key, says where they are, and serves", async () => {
    const service = await start();
    expect(service.output()).toContain(join(folder, "data", "admin-key"));
    expect(statSync(join(folder, "data")).mode & 0o777).toBe(0o700);
    const health = await fetch(`${service.url}/healthz`);
    expect(await health.json()).toEqual({ status: "alive" });
  });

  it("lists the sites described in its folder to those who have the key", async () => {
    mkdirSync(join(folder, "data", "sites"), { recursive: true });
    writeFileSync(join(folder, "data", "sites", "shop.json"), JSON.stringify({ home: join(folder, "shop") }));
    const { url } = await start();
    const path =
      "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Web/sites?api-version=2025-05-01";
    expect((await fetch(url + path)).status).toBe(401);
    const answer = await fetch(url + path, { headers: bearer() });
    expect(await answer.json()).toMatchObject({ value: [{ name: "shop", type: "Microsoft.Web/sites" }] });
  });

  it("ends with 0 when it is asked to end", async () => {
    const service = await start();
    service.child.kill("SIGTERM");
    expect(await service.ended).toBe(0);
  });

  it("refuses a second process on its data folder, and starts again at once after a kill", async () => {
    const first = await start();
    const second = await start();
    expect(second.code).toBe(1);
    expect(second.output()).toMatch(/in use by another process/);
    expect(second.output()).not.toMatch(/\n\s+at /);
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    expect((await start()).url).toMatch(/^http/);
  });

  it.each([
    { flags: ["--port", "99999"], says: /LIFEBOAT_PORT/ },
    { flags: ["--prot", "1"], says: /--prot/ },
    { flags: ["--data", "/dev/null/x"], says: /data folder/ },
  ])("says in words what is wrong with $flags", async ({ flags, says }) => {
    const service = await start(...flags);
    expect(service.code).toBe(1);
    expect(service.output()).toMatch(says);
    expect(service.output()).not.toMatch(/\n\s+at /);
  });
});
