import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from "jose";

/** An authority that signs tokens as Entra ID does, and publishes its keys on a real server of this machine. */
export interface TokenAuthority {
  /** As LIFEBOAT_ENTRA_AUTHORITY takes it. */
  readonly url: string;
  /** How often it was asked for keys. */
  readonly asked: () => number;
  /** What it answers from now on: its keys, a failure, garbage, or nothing at all. */
  readonly answer: (how: "keys" | "failure" | "garbage" | "redirect" | "silence" | "drip") => void;
  /** Signs with another key from now on; the published ones change only with `publish`. */
  readonly roll: () => Promise<void>;
  readonly publish: () => void;
  readonly publicKey: () => JWK;
  /** A token that is right in everything, but for the given claims; undefined leaves one out. */
  readonly token: (claims?: Claims, header?: { readonly alg?: string; readonly kid?: string }) => Promise<string>;
  readonly close: () => Promise<void>;
}

export type Claims = Readonly<Record<string, unknown>>;

export const tenant = "6f1b9b1e-0000-4000-8000-00000000aaaa";
export const audience = "api://lifeboat";

interface KeyPair {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

const newKey = async (kid: string): Promise<KeyPair> => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: "sig" } };
};

export const startTokenAuthority = async (now: () => Date = () => new Date()): Promise<TokenAuthority> => {
  let current = await newKey("key-1");
  let published = [current.jwk];
  let asked = 0;
  let how: Parameters<TokenAuthority["answer"]>[0] = "keys";
  const server: Server = createServer((request, response) => {
    if (request.url !== `/${tenant}/discovery/v2.0/keys`) return void response.writeHead(404).end();
    asked++;
    if (how === "silence") return;
    if (how === "redirect") return void response.writeHead(302, { location: "/elsewhere" }).end();
    if (how === "failure") return void response.writeHead(500).end();
    response.writeHead(200, { "content-type": "application/json" });
    if (how === "drip") {
      const drip = setInterval(() => response.write(" "), 5);
      return void response.once("close", () => clearInterval(drip));
    }
    response.end(how === "garbage" ? "<html>" : JSON.stringify({ keys: published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Safe: it listens to a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let rolls = 1;
  return {
    url,
    asked: () => asked,
    answer: (kind) => void (how = kind),
    roll: async () => void (current = await newKey(`key-${++rolls}`)),
    publish: () => void (published = [current.jwk]),
    publicKey: () => current.jwk,
    token(claims = {}, header = {}) {
      const seconds = Math.floor(now().getTime() / 1_000);
      const payload: Claims = {
        iss: `${url}/${tenant}/v2.0`,
        aud: audience,
        tid: tenant,
        oid: "11111111-2222-3333-4444-555555555555",
        azp: "99999999-2222-3333-4444-555555555555",
        preferred_username: "ada@example.org",
        roles: ["Lifeboat.Operator"],
        iat: seconds,
        nbf: seconds,
        exp: seconds + 3_600,
        ...claims,
      };
      const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
      return new SignJWT(present as JWTPayload)
        .setProtectedHeader({ alg: "RS256", kid: current.kid, typ: "JWT", ...header })
        .sign(current.privateKey);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
