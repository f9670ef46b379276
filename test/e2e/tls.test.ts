import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownCertificate } from "../../src/adapters/tls/own-authority.ts";
import { killAll, startLifeboat } from "../support/lifeboat-process.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-tls-"));
});
afterEach(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

/** What the service says until it is ready, or until it ends. */
const start = async (...flags: string[]): Promise<string> =>
  (await startLifeboat({ data: join(folder, "data"), flags })).output();

const httpsPort = (said: string): number => Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);

const ask = (port: number, path: string, options: { readonly ca?: string; readonly name?: string } = {}) =>
  new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const { ca, name = "localhost" } = options;
    const call = { host: "127.0.0.1", servername: name, port, path, agent: false, ...(ca === undefined ? {} : { ca }) };
    request(call, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on("error", reject)
      .end();
  });

describe("https", () => {
  it("is there from the first start on, for clients that trust the authority whose file is named", async () => {
    const said = await start();
    const authority = join(folder, "data", "tls", "ca.pem");
    expect(said).toContain(`NODE_EXTRA_CA_CERTS=${authority}`);
    const ca = readFileSync(authority, "utf8");
    expect(await ask(httpsPort(said), "/healthz", { ca })).toMatchObject({ status: 200 });
    await expect(ask(httpsPort(said), "/healthz")).rejects.toThrow(/certificate/i);
    await expect(ask(httpsPort(said), "/healthz", { ca, name: "elsewhere.example" })).rejects.toThrow(/altname/i);
  });

  it("keeps the authority that clients have been told to trust", async () => {
    await start();
    const first = readFileSync(join(folder, "data", "tls", "ca.pem"), "utf8");
    await killAll();
    const said = await start();
    expect(await ask(httpsPort(said), "/healthz", { ca: first })).toMatchObject({ status: 200 });
  });

  it("is served with the owner's own certificate where one is given, and says in words what is wrong with it", async () => {
    const own = await ownCertificate({ folder: join(folder, "own"), now: new Date(), machine: hostname() });
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(cert, own.cert);
    writeFileSync(key, own.key);
    const said = await start("--tls-cert", cert, "--tls-key", key);
    const ca = readFileSync(own.authorityFile, "utf8");
    expect(await ask(httpsPort(said), "/healthz", { ca })).toMatchObject({ status: 200 });
    writeFileSync(key, "no key");
    const refused = await start("--tls-cert", cert, "--tls-key", key);
    expect(refused).toContain(key);
    expect(refused).not.toMatch(/\n\s+at /);
  });

  it("can be left out", async () => {
    expect(await start("--tls-port", "off")).not.toContain("https");
  });
});
