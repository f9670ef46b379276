import { createHash, randomUUID } from "node:crypto";
import * as z from "zod";
import { refuse } from "../../domain/errors.ts";
import { jsonOf } from "../../domain/json-of.ts";
import { Secret, SecretUnreadable } from "../../domain/secret.ts";
import type { KeyFingerprint, KnownKey } from "../../operations/keys/known-keys.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sealer } from "../../ports/secrets.ts";

/** What a login hands out, to be sent in place of the key's secret. */
interface AccessToken {
  readonly token: Secret;
  readonly lifetimeSeconds: number;
  readonly expires: Date;
}

export interface AccessTokens {
  issue(key: KnownKey, audience: string): Promise<AccessToken>;
  /** The key that logged in, which may be gone since. Undefined when this is no token of ours; throws TokenRefused. */
  read(token: string): Promise<KeyFingerprint | undefined>;
}

const issuer = "urn:lifeboat";
const lifetimeSeconds = 3_600;
/** Instances' clocks differ. */
const skewSeconds = 60;

/** Clients show it and compare it; Lifeboat has only one. */
export const tenant = "00000000-0000-0000-0000-000000000000";

const claims = z.object({ iss: z.literal(issuer), sub: z.string(), nbf: z.number(), exp: z.number() });

/**
 * A token has a JWT's form, because clients read its claims. Its third part is the key's fingerprint, sealed for just
 * these claims by the installation's sealing key: every instance that has the sealing key accepts it, nobody else can
 * make one, and it ends with its key. Nothing is stored.
 */
export const accessTokens = ({ sealer, clock }: { readonly sealer: Sealer; readonly clock: Clock }): AccessTokens => ({
  async issue(key, audience) {
    const now = Math.floor(clock.now().getTime() / 1_000);
    const exp = now + lifetimeSeconds;
    const said = {
      iss: issuer,
      aud: audience,
      sub: key.id,
      oid: key.id,
      appid: key.id,
      tid: tenant,
      iat: now,
      nbf: now,
      exp,
      jti: randomUUID(),
    };
    const head = `${encoded({ typ: "JWT", alg: "sealed" })}.${encoded(said)}`;
    const seal = await sealer.seal(new Secret(key.sha256), contextOf(head));
    const token = new Secret(`${head}.${Buffer.from(seal).toString("base64url")}`);
    return { token, lifetimeSeconds, expires: new Date(exp * 1_000) };
  },

  async read(token) {
    const parts = token.split(".");
    const said = claims.safeParse(decoded(parts[1] ?? ""));
    if (parts.length !== 3 || !said.success) return undefined;
    const seal = Buffer.from(parts[2] ?? "", "base64url").toString();
    // Base64 has spare bits at its end: only the token that was issued is taken.
    const isWhole = Buffer.from(seal).toString("base64url") === parts[2];
    const fingerprint = isWhole && (await opened(sealer, seal, contextOf(`${parts[0]}.${parts[1]}`)));
    if (!fingerprint) throw refuse("TokenRefused", { reason: "Lifeboat has not issued it." });
    const now = clock.now().getTime() / 1_000;
    if (now > said.data.exp || now < said.data.nbf - skewSeconds)
      throw refuse("TokenRefused", { reason: "it has ended. Log in again." });
    return { id: said.data.sub, sha256: fingerprint.reveal() };
  },
});

/** The seal is bound to it. A hash, because a context may end up in a message. */
const contextOf = (head: string): string => `access token ${createHash("sha256").update(head).digest("base64url")}`;

const opened = async (sealer: Sealer, seal: string, context: string): Promise<Secret | undefined> => {
  try {
    return await sealer.open(seal, context);
  } catch (error) {
    // Forged, altered, or of a sealing key that is gone: no login.
    if (error instanceof SecretUnreadable) return undefined;
    throw error;
  }
};

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const decoded = (part: string): unknown => jsonOf(Buffer.from(part, "base64url").toString("utf8"));
