import { createHmac, createPublicKey } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditEntry } from "../../src/ports/audit.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { siteFolder } from "../support/service-client.ts";
import { audience, startTokenAuthority, tenant, type TokenAuthority } from "../support/token-authority.ts";

let folder: string;
let data: string;
let service: LifeboatProcess;
let authority: TokenAuthority;
let admin: string;

const start = async (): Promise<LifeboatProcess> => {
  const environment = {
    LIFEBOAT_ENTRA_TENANT: tenant,
    LIFEBOAT_ENTRA_AUDIENCE: audience,
    LIFEBOAT_ENTRA_AUTHORITY: authority.url,
    // A reverse proxy of which nothing else is known: this test.
    LIFEBOAT_PROXIES: "127.0.0.1",
  };
  const started = await startLifeboat({ data, flags: ["--tls-port", "off"], environment });
  expect(started.url, started.output()).not.toBe("");
  return started;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-callers-"));
  data = join(folder, "data");
  for (const site of ["shop", "blog"]) {
    mkdirSync(join(folder, site, "site", "wwwroot"), { recursive: true });
    writeFileSync(join(folder, site, "site", "wwwroot", "index.html"), `hello from ${site}`);
    mkdirSync(join(data, "sites"), { recursive: true, mode: 0o700 });
    const definition = { home: join(folder, site), appSettings: { PASSWORD: `planted-in-${site}` } };
    writeFileSync(join(data, "sites", `${site}.json`), JSON.stringify(definition));
  }
  authority = await startTokenAuthority();
  service = await start();
  admin = (bearer(data)["authorization"] ?? "").replace("Bearer ", "");
});
afterAll(async () => {
  await killAll();
  await authority.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** As whoever has the secret or token, through the proxy, from an address of his own. */
const ask = async (
  secret: string | undefined,
  [method, path]: readonly [string, string],
  { body, from = "203.0.113.1" }: { readonly body?: unknown; readonly from?: string } = {},
): Promise<Answer> => {
  const answer = await fetch(`${service.url}${path}${path.includes("?") ? "&" : "?"}api-version=2024-11-01`, {
    method,
    headers: {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      "x-forwarded-for": from,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

const [shop, blog] = [siteFolder("shop"), siteFolder("blog")];
const look = ["GET", `${shop}/backups`] as const;
const backUp = ["POST", `${shop}/backup`] as const;

const makeKey = async (name: string, properties: object): Promise<string> => {
  const answer = await ask(admin, ["PUT", `/providers/Lifeboat/keys/${name}`], { body: { properties } });
  expect(answer.status, answer.text).toBe(201);
  // Safe: the answer to PUT.
  return (JSON.parse(answer.text) as { properties: { secret: string } }).properties.secret;
};

const auditLines = (): readonly AuditEntry[] =>
  readFileSync(join(data, "audit.log"), "utf8")
    .trim()
    .split("\n")
    // Safe: the file's own lines.
    .map((line) => JSON.parse(line) as AuditEntry);

describe("a running service", () => {
  it("lets each do what his key's role allows, and keeps what they changed", async () => {
    const [reader, operator] = [await makeKey("eye", { role: "reader" }), await makeKey("hand", { role: "operator" })];
    expect((await ask(reader, look)).status).toBe(200);
    expect((await ask(reader, backUp)).status).toBe(403);
    expect((await ask(reader, ["POST", `${shop}/backups/1/restore`], { body: { properties: {} } })).status).toBe(403);
    expect((await ask(operator, backUp)).status).toBe(200);
    expect((await ask(operator, ["PUT", "/providers/Lifeboat/keys/mine"], { body: {} })).status).toBe(403);
    const kept = auditLines().map(({ caller, operation, status, site }) => [caller.id, operation, status, site]);
    expect(kept).toEqual([
      ["admin", "createKey", 201, undefined],
      ["admin", "createKey", 201, undefined],
      ["eye", "createBackup", 403, shop],
      ["eye", "restoreBackup", 403, shop],
      ["hand", "createBackup", 200, shop],
      ["hand", "createKey", 403, undefined],
    ]);
    expect(statSync(join(data, "audit.log")).mode & 0o777).toBe(0o600);
  });

  it("shows secrets to admins alone, by whatever reply", async () => {
    const operator = await makeKey("curious", { role: "operator" });
    const list = ["POST", `${shop}/config/appsettings/list`] as const;
    expect((await ask(admin, list)).text).toContain("planted-in-shop");
    const hidden = await ask(operator, list);
    expect(hidden.text).toContain("PASSWORD");
    expect(hidden.text).not.toContain("planted");
    expect((await ask(operator, ["GET", "/providers/Lifeboat/keys"])).status).toBe(403);
    const keys = await ask(admin, ["GET", "/providers/Lifeboat/keys"]);
    expect(keys.text).toContain('"curious"');
    expect(keys.text).not.toMatch(/lb_|[0-9a-f]{64}/);
  });

  it("holds whoever is limited to a site to it, also where a body names another", async () => {
    const limited = await makeKey("shops", { role: "admin", sites: [shop] });
    expect((await ask(limited, look)).status).toBe(200);
    const sites = await ask(limited, [
      "GET",
      `${shop.slice(0, shop.indexOf("/resourceGroups"))}/providers/Microsoft.Web/sites`,
    ]);
    expect(sites.text).toContain('"shop"');
    expect(sites.text).not.toContain("blog");
    for (const path of [blog, blog.replace("blog", "nowhere")])
      expect((await ask(limited, ["GET", `${path}/backups`])).status).toBe(403);
    const folderOf = (site: string): string => `file://${join(data, "backups", site)}`;
    const restore = ["POST", `${shop}/restoreFromBackupBlob`] as const;
    for (const properties of [
      { siteName: "blog", overwrite: true, blobName: "x" },
      { storageAccountUrl: folderOf("blog"), overwrite: true, blobName: "x" },
      { storageAccountUrl: folderOf("%62log"), overwrite: true, blobName: "x" },
      { storageAccountUrl: folderOf("shop/../blog"), overwrite: true, blobName: "x" },
      { storageAccountUrl: folderOf("shop"), overwrite: true, blobName: "not-known" },
    ])
      expect([properties, (await ask(limited, restore, { body: { properties } })).status]).toEqual([properties, 403]);
    expect((await ask(limited, ["GET", "/providers/Lifeboat/keys"])).status).toBe(403);
  });

  it("knows a revoked key no more, and the others after a restart", async () => {
    const [gone, stays] = [await makeKey("gone", { role: "reader" }), await makeKey("stays", { role: "reader" })];
    expect((await ask(gone, look)).status).toBe(200);
    expect((await ask(admin, ["DELETE", "/providers/Lifeboat/keys/gone"])).status).toBe(200);
    expect((await ask(gone, look, { from: "203.0.113.2" })).status).toBe(401);
    service.child.kill("SIGKILL");
    await service.ended;
    service = await start();
    expect((await ask(gone, look, { from: "203.0.113.3" })).status).toBe(401);
    expect((await ask(stays, look)).status).toBe(200);
  });

  it("takes tokens of its tenant by their roles", async () => {
    expect((await ask(await authority.token({ roles: ["Lifeboat.Reader"] }), look)).status).toBe(200);
    expect((await ask(await authority.token({ roles: ["Lifeboat.Reader"] }), backUp)).status).toBe(403);
    expect(
      (await ask(await authority.token({ roles: ["Lifeboat.Admin"] }), ["GET", "/providers/Lifeboat/keys"])).status,
    ).toBe(200);
    expect((await ask(await authority.token({ roles: [] }), look)).status).toBe(403);
    await authority.roll();
    authority.publish();
    expect((await ask(await authority.token({ roles: ["Lifeboat.Operator"] }), backUp)).status).toBeLessThan(410);
    expect(auditLines().at(-1)).toMatchObject({
      caller: { kind: "token", name: "ada@example.org" },
      operation: "createBackup",
    });
  });

  it("takes no other token", async () => {
    const seconds = Math.floor(Date.now() / 1_000);
    const [, claims = ""] = (await authority.token()).split(".");
    const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const jwk = authority.publicKey();
    const pem = createPublicKey({ key: { ...jwk }, format: "jwk" }).export({ type: "spki", format: "pem" });
    const head = `${encoded({ alg: "HS256", kid: jwk.kid, typ: "JWT" })}.${claims}`;
    const tokens: Readonly<Record<string, string>> = {
      "foreign issuer": await authority.token({ iss: "https://sts.windows.net/other/" }),
      "wrong audience": await authority.token({ aud: "api://other" }),
      "wrong tenant": await authority.token({ tid: "other" }),
      expired: await authority.token({ exp: seconds - 120 }),
      "not yet valid": await authority.token({ nbf: seconds + 120 }),
      "alg none": `${encoded({ alg: "none", typ: "JWT" })}.${claims}.`,
      "HS256 with the public key": `${head}.${createHmac("sha256", String(pem)).update(head).digest("base64url")}`,
      "signature of another": `${(await authority.token()).split(".").slice(0, 2).join(".")}.${"A".repeat(342)}`,
    };
    let address = 10;
    for (const [what, token] of Object.entries(tokens)) {
      const { status } = await ask(token, look, { from: `198.51.100.${address++}` });
      expect([what, status]).toEqual([what, 401]);
    }
  });

  it("says that it cannot judge a token while the authority's keys cannot be had, and takes keys meanwhile", async () => {
    authority.answer("failure");
    service.child.kill("SIGTERM");
    await service.ended;
    service = await start();
    expect((await ask(await authority.token(), look)).status).toBe(503);
    expect((await ask(admin, look)).status).toBe(200);
    authority.answer("keys");
    await expect
      .poll(async () => (await ask(await authority.token(), look)).status, { timeout: 30_000, interval: 1_000 })
      .toBe(200);
  });

  it("refuses whoever guesses, whatever address he claims, and serves all others meanwhile", async () => {
    const guess = (index: number) => ask(`guess-${index}`, look, { from: `192.0.2.${index}, 198.51.100.200` });
    const honest = async (): Promise<readonly number[]> => {
      const seen: number[] = [];
      for (let time = 0; time < 30; time++) seen.push((await ask(admin, look, { from: "198.51.100.200" })).status);
      return seen;
    };
    const [guesses, served] = await Promise.all([
      Promise.all(Array.from({ length: 100 }, (_, index) => guess(index))),
      honest(),
    ]);
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
    const refused = guesses.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(90);
    for (const { headers } of refused) expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(new Set(served)).toEqual(new Set([200]));
    // Without the proxy's word it is the proxy itself that asks.
    const direct = await fetch(`${service.url}${look[1]}?api-version=2024-11-01`, {
      headers: { authorization: "Bearer guess" },
    });
    expect(direct.status).toBe(401);
  });

  it("keeps no secret in its audit, its output or what it stores", async () => {
    const text = readFileSync(join(data, "audit.log"), "utf8") + service.output();
    expect(text).not.toMatch(/planted|lb_\w+_|eyJ/);
    expect(text).not.toContain(admin);
    expect(auditLines().length).toBeGreaterThan(10);
    const stored = readFileSync(join(data, "lifeboat.db")).toString("latin1");
    expect(stored).toContain("stays");
    expect(stored).not.toMatch(/lb_[a-z0-9-]+_[\w-]{43}/);
  });
});
