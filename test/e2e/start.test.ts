import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { boundToRun, ended } from "../support/bound-to-run.ts";
import { bearer, expectRefusal, killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { serviceClient } from "../support/service-client.ts";

let folder: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-start-"));
  data = join(folder, "data");
});
afterEach(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

const start = (...flags: string[]) => startLifeboat({ data, flags });

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("npm start", () => {
  it("makes its data folder and key, says where they are in a few lines, and serves", async () => {
    const service = await start();
    expect(service.output()).toContain(join(data, "admin-key"));
    expect(service.output().trim().split("\n").length).toBeLessThanOrEqual(8);
    const health = await fetch(`${service.url}/healthz`);
    expect(await health.json()).toEqual({ status: "alive" });
  });

  it("keeps all it makes from other users", async () => {
    await start();
    expect(modeOf(data)).toBe(0o700);
    const made = readdirSync(data, { recursive: true, withFileTypes: true });
    const open = made
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => modeOf(path) & 0o077 && !path.startsWith(join(data, "www"))); // What a site serves is public.
    expect(open).toEqual([]);
    expect(modeOf(join(data, "admin-key"))).toBe(0o600);
    expect(JSON.parse(readFileSync(join(data, "admin-key"), "utf8"))).toEqual({
      id: "admin",
      secret: expect.stringMatching(/^.{43}$/),
    });
  });

  it("lists the sites described in its folder to those who have the key", async () => {
    mkdirSync(join(data, "sites"), { recursive: true });
    writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home: join(folder, "shop") }));
    const { url } = await start();
    const path =
      "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Web/sites?api-version=2025-05-01";
    expect((await fetch(url + path)).status).toBe(401);
    const answer = await fetch(url + path, { headers: bearer(data) });
    expect(await answer.json()).toMatchObject({ value: [{ name: "shop", type: "Microsoft.Web/sites" }] });
  });

  it("leaves a catalog that is whole in its one file when it is asked to end", async () => {
    const service = await start();
    service.child.kill("SIGTERM");
    expect(await service.ended).toBe(0);
    expect(readdirSync(data).filter((name) => name.startsWith("lifeboat.db"))).toEqual(["lifeboat.db"]);
  });

  it("ends with 0 when it is asked to end", async () => {
    const service = await start();
    service.child.kill("SIGTERM");
    expect(await service.ended).toBe(0);
  });

  it("takes settings from local.settings.json for all that it makes", async () => {
    const installed = join(folder, "installed");
    mkdirSync(join(installed, "dist"), { recursive: true });
    const programs = readdirSync("dist").filter((name) => name.endsWith(".js"));
    for (const file of ["package.json", "host.json", ...programs.map((name) => join("dist", name))])
      copyFileSync(file, join(installed, file));
    symlinkSync(resolve("node_modules"), join(installed, "node_modules"));
    const values = { LIFEBOAT_DATA: data, LIFEBOAT_PORT: "0", LIFEBOAT_TLS_PORT: "off", LIFEBOAT_HUB: "lifeboatlocal" };
    writeFileSync(join(installed, "local.settings.json"), JSON.stringify({ Values: values }));
    const environment = { ...process.env, HOME: folder };
    const child = boundToRun(
      spawn(process.execPath, [join(installed, "dist", "start.js")], {
        env: environment,
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    await Promise.race([once(child.stdout, "data"), once(child, "close")]);
    await ended(child, "SIGTERM");
    expect(readdirSync(data)).toEqual(expect.arrayContaining(["admin-key", "lifeboat.db", "runs.db"]));
    expect(readdirSync(folder).toSorted()).toEqual(["data", "installed"]);
  });

  it("goes on when nobody reads what it says any more", async () => {
    const service = await start();
    service.child.stdout?.destroy();
    service.child.stderr?.destroy();
    const client = serviceClient(service.url, bearer(data), "example");
    // Each backup is told in several lines.
    for (const id of [1, 2]) {
      expect((await client.ask("POST", "/backup", {})).status).toBe(200);
      expect(await client.ended(id)).toMatchObject({ status: "Succeeded" });
    }
  });

  it("refuses a second process on its data folder, and starts again at once after a kill", async () => {
    const first = await start();
    expectRefusal(await start(), /in use by another process/);
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    expect((await start()).url).toMatch(/^http/);
  });

  it.each([
    { flags: ["--port", "99999"], says: /LIFEBOAT_PORT/ },
    { flags: ["--prot", "1"], says: /--prot/ },
    { flags: ["--data", "/dev/null/x"], says: /data folder/ },
  ])("says in words what is wrong with $flags", async ({ flags, says }) => {
    expectRefusal(await start(...flags), says);
  });
});
