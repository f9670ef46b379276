import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { ownCertificate } from "../../src/adapters/tls/own-authority.ts";

/** One version of a secret as the vault keeps it. */
export interface VaultVersion {
  readonly version: string;
  readonly value: string;
  /** Seconds, as the vault tells times. */
  readonly created: number;
  enabled: boolean;
  readonly notBefore?: number;
}

/**
 * Speaks what Key Vault's REST protocol has for reading secrets: the challenge that names where to log in and for what, a
 * list of versions in pages, a version's value; and its error object. https, as the SDK insists.
 */
export interface FakeKeyVault {
  readonly url: string;
  /** The authority that signed its certificate, as PEM and as file. */
  readonly ca: string;
  readonly caFile: string;
  readonly versions: VaultVersion[];
  /** Method and path of each request that carried a token. */
  readonly asked: string[];
  /** Absent: it answers. */
  failure: { readonly status: number; readonly code: string } | undefined;
  /** The token it takes; undefined: it challenges nobody. */
  token: string | undefined;
  stop(): Promise<void>;
}

interface FakeKeyVaultOptions {
  /** For its certificate. */
  readonly folder: string;
  readonly secret: string;
  readonly pageSize?: number;
}

export const startKeyVault = async ({ folder, secret, pageSize = 2 }: FakeKeyVaultOptions): Promise<FakeKeyVault> => {
  const tls = await ownCertificate({ folder, now: new Date(), machine: "localhost" });
  const server = createServer({ cert: tls.cert, key: tls.key }, (request, response) => {
    const send = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
      response.end(JSON.stringify(body));
    };
    if (vault.token !== undefined && request.headers.authorization !== `Bearer ${vault.token}`)
      return send(401, errorBody("Unauthorized"), {
        "www-authenticate":
          'Bearer authorization="https://login.example.org/tenant", resource="https://vault.azure.net"',
      });
    const url = new URL(request.url ?? "/", vault.url);
    vault.asked.push(`${request.method} ${url.pathname}`);
    if (vault.failure !== undefined) return send(vault.failure.status, errorBody(vault.failure.code));
    return answer(url, send);
  });
  const answer = (url: URL, send: (status: number, body: object) => void): void => {
    const [, collection, name, version] = url.pathname.split("/");
    if (!url.searchParams.has("api-version")) return send(400, errorBody("BadParameter"));
    if (collection !== "secrets" || name !== secret) return send(404, errorBody("SecretNotFound"));
    if (version === "versions") return send(200, page(url));
    const found = vault.versions.find((one) => one.version === version);
    if (found === undefined) return send(404, errorBody("SecretNotFound"));
    if (!found.enabled) return send(403, errorBody("Forbidden"));
    return send(200, { value: found.value, ...shown(found) });
  };
  const page = (url: URL): object => {
    const from = Number(url.searchParams.get("$skiptoken") ?? 0);
    const next = from + pageSize;
    const more = next < vault.versions.length;
    const nextLink = `${vault.url}/secrets/${secret}/versions?api-version=7.6&$skiptoken=${next}`;
    return { value: vault.versions.slice(from, next).map(shown), nextLink: more ? nextLink : null };
  };
  const shown = ({ version, created, enabled, notBefore }: VaultVersion): object => ({
    id: `${vault.url}/secrets/${secret}/${version}`,
    attributes: {
      enabled,
      created,
      updated: created,
      recoveryLevel: "Recoverable+Purgeable",
      ...(notBefore === undefined ? {} : { nbf: notBefore }),
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const vault: FakeKeyVault = {
    // Listens on TCP.
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: readFileSync(tls.authorityFile, "utf8"),
    caFile: tls.authorityFile,
    versions: [],
    asked: [],
    failure: undefined,
    token: undefined,
    stop: () => stopped(server),
  };
  return vault;
};

const errorBody = (code: string): object => ({ error: { code, message: `${code}: as the vault says it.` } });

const stopped = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
