import { errors, jwtVerify, type JWTPayload } from "jose";
import type { Caller } from "../../domain/caller.ts";
import { Refusal, refuse } from "../../domain/errors.ts";
import type { Tokens } from "../../ports/tokens.ts";
import { authorityKeys, type AuthorityNeeds } from "./authority-keys.ts";
import { roleBy, type ScopeUse } from "./entra-role.ts";

interface EntraSettings {
  /** The tenant's id; tokens of others are not accepted. */
  readonly tenant: string;
  /** What tokens may be meant for: the app's client id, its application id URI. */
  readonly audiences: readonly string[];
  /** https://login.microsoftonline.com, or that of another cloud; without a slash at its end. */
  readonly authority: string;
  readonly scopes: ScopeUse;
}

/** Machines' clocks differ; Azure's are right. */
const skewSeconds = 60;

/** Access tokens of Entra ID, in both of its forms (v1.0 and v2.0), for users and for apps. */
export const entraTokens = (settings: EntraSettings, needs: AuthorityNeeds): Tokens => {
  const { tenant, audiences, authority, scopes } = settings;
  const keys = authorityKeys(new URL(`${authority}/${tenant}/discovery/v2.0/keys`), needs);
  return {
    async callerOf(token, wish) {
      if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return undefined;
      const { payload } = await jwtVerify(token, (header, jws) => keys.keyFor(header, jws, wish), {
        // The one that Entra ID signs with. Anything else is a forgery: none, or a public key taken for a shared secret.
        algorithms: ["RS256"],
        issuer: issuersOf(settings),
        audience: [...audiences],
        requiredClaims: ["exp", "nbf", "tid"],
        clockTolerance: skewSeconds,
        currentDate: needs.clock.now(),
      }).catch((error: unknown) => {
        throw error instanceof errors.JOSEError ? refuse("TokenRefused", { reason: reasonOf(error) }) : error;
      });
      if (String(payload["tid"]).toLowerCase() !== tenant.toLowerCase()) throw refused("it is of another tenant.");
      const caller = callerIn(payload);
      const role = roleBy({ roles: payload["roles"], scp: payload["scp"] }, scopes);
      if (role === undefined) throw refuse("CallerWithoutRole", { caller: caller.name });
      return { ...caller, role, reach: "all" };
    },
  };
};

const refused = (reason: string): Refusal => refuse("TokenRefused", { reason });

/** v2.0's and v1.0's; which one an app gets is a setting of its registration. China's cloud has a name for each. */
const issuersOf = ({ authority, tenant }: EntraSettings): string[] =>
  new URL(authority).hostname.endsWith(".cn")
    ? [`https://login.partner.microsoftonline.cn/${tenant}/v2.0`, `https://sts.chinacloudapi.cn/${tenant}/`]
    : [`${authority}/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`];

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.slice(0, 200) : undefined;

const callerIn = (payload: JWTPayload): Pick<Caller, "kind" | "id" | "name"> => {
  // Who asked for it: access tokens say so, and what only tells an app who has logged in does not.
  const client = text(payload["azp"]) ?? text(payload["appid"]);
  if (client === undefined) throw refused("it is not an access token (neither azp nor appid is in it).");
  const id = text(payload["oid"]) ?? text(payload.sub);
  if (id === undefined) throw refused("it names nobody (neither oid nor sub is in it).");
  const name =
    text(payload["preferred_username"]) ??
    text(payload["upn"]) ??
    text(payload["unique_name"]) ??
    text(payload["app_displayname"]) ??
    client;
  return { kind: "token", id, name };
};

/** What is wrong with it, without repeating it; times and claims are told only of tokens whose signature is right. */
const reasonOf = (error: errors.JOSEError): string => {
  if (error instanceof errors.JWTExpired) return `it expired at ${when(error.payload.exp)}.`;
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf" && error.payload.nbf !== undefined)
      return `it is not valid before ${when(error.payload.nbf)}.`;
    if (error.claim === "iss") return "it is of another authority or tenant.";
    if (error.claim === "aud")
      return "it is meant for somebody else (LIFEBOAT_ENTRA_AUDIENCE says for whom it has to be).";
    return `its claim ${error.claim} is missing or wrong.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "it is not signed as Entra ID signs (RS256).";
  if (error instanceof errors.JWKSNoMatchingKey) return "it is signed with a key that is not Entra ID's.";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is not right.";
  return "it is no signed token.";
};

const when = (seconds: number | undefined): string => {
  const date = new Date((seconds ?? 0) * 1_000);
  return Number.isNaN(date.getTime()) ? "a time that is none" : date.toISOString();
};
