import { Refusal } from "../../domain/errors.ts";
import type { AccessTokens } from "../callers/access-tokens.ts";
import { httpOf } from "../arm-error.ts";
import type { Callers, Credentials } from "../callers/callers.ts";
import type { OpenRoute } from "../handle.ts";
import type { ApiRequest } from "../request.ts";
import { json, type ApiResponse } from "../response.ts";

export interface LoginDeps {
  readonly callers: Pick<Callers, "login">;
  readonly tokens: Pick<AccessTokens, "issue">;
}

const maxFormBytes = 64 * 1024;
const unstored = { "cache-control": "no-store", pragma: "no-cache" };

/**
 * Where clients of Azure log in: OAuth's client credentials as at an AD FS, and a managed identity's endpoint. Both take
 * a key (its id and secret) and hand out a token for an hour.
 */
export const loginRoutes = (deps: LoginDeps): readonly OpenRoute[] => [
  {
    name: "getMetadata",
    method: "GET",
    path: "/metadata/endpoints",
    handle: metadata,
  },
  {
    name: "getOpenIdConfiguration",
    method: "GET",
    path: "/adfs/.well-known/openid-configuration",
    handle: openIdConfiguration,
  },
  {
    name: "getTenantOpenIdConfiguration",
    method: "GET",
    path: "/adfs/{tenant}/.well-known/openid-configuration",
    handle: openIdConfiguration,
  },
  {
    name: "getTokenKeys",
    method: "GET",
    path: "/adfs/discovery/keys",
    // Only Lifeboat itself reads its tokens. Clients want the document all the same.
    handle: async () => json(200, { keys: [] }),
  },
  {
    name: "getToken",
    method: "POST",
    path: "/adfs/oauth2/token",
    handle: async (request) => clientCredentials(deps, request),
  },
  {
    name: "getIdentityToken",
    method: "GET",
    path: "/msi/token",
    handle: async (request) => identityToken(deps, request, request.url.searchParams),
  },
  {
    name: "postIdentityToken",
    method: "POST",
    path: "/msi/token",
    handle: async (request) => identityToken(deps, request, new URLSearchParams(await request.text(maxFormBytes))),
  },
];

/** A cloud as clients register it: where its resource manager and its logins are. */
const metadata = async ({ url: { origin } }: ApiRequest): Promise<ApiResponse> =>
  json(200, {
    name: "Lifeboat",
    resourceManager: `${origin}/`,
    galleryEndpoint: `${origin}/`,
    graphEndpoint: `${origin}/`,
    portalEndpoint: `${origin}/`,
    authentication: {
      loginEndpoint: `${origin}/adfs`,
      audiences: [`${origin}/`],
      tenant: "adfs",
      identityProvider: "ADFS",
    },
    suffixes: {},
  });

const openIdConfiguration = async ({ url: { origin } }: ApiRequest): Promise<ApiResponse> =>
  json(200, {
    issuer: `${origin}/adfs`,
    authorization_endpoint: `${origin}/adfs/oauth2/authorize`,
    token_endpoint: `${origin}/adfs/oauth2/token`,
    jwks_uri: `${origin}/adfs/discovery/keys`,
    device_authorization_endpoint: `${origin}/adfs/oauth2/devicecode`,
    grant_types_supported: ["client_credentials"],
    response_types_supported: ["token"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
  });

/** RFC 6749, 4.4: errors have OAuth's form, for it is OAuth's clients that read them. */
const clientCredentials = async ({ callers, tokens }: LoginDeps, request: ApiRequest): Promise<ApiResponse> => {
  const form = new URLSearchParams(await request.text(maxFormBytes));
  const grant = form.get("grant_type");
  if (grant !== "client_credentials")
    return oauthError("unsupported_grant_type", "Log in with a key: its id as client_id, its secret as client_secret.");
  const basic = basicCredentials(request);
  const { id, secret } = basic ?? { id: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  try {
    const { token, lifetimeSeconds } = await tokens.issue(
      await callers.login(request, { id, secret }),
      request.url.origin,
    );
    const told = { access_token: token.reveal(), token_type: "Bearer", expires_in: lifetimeSeconds };
    return json(200, told, unstored);
  } catch (error) {
    if (!(error instanceof Refusal) || httpOf[error.code].status !== 401) throw error;
    const isUnknown = error.code === "CallerUnknown";
    return oauthError("invalid_client", isUnknown ? "There is no such key, or this is not its secret." : error.message);
  }
};

const oauthError = (error: string, description: string): ApiResponse =>
  json(error === "invalid_client" ? 401 : 400, { error, error_description: description }, unstored);

/**
 * A managed identity's endpoint in all its forms. Other than Azure's it never answers whoever happens to reach it: the
 * key comes in the header that the form has for it (X-IDENTITY-HEADER, or `secret` before 2019), or in the endpoint's own
 * URL (http://ID:SECRET@127.0.0.1:7071/msi/token), which clients turn into Basic.
 */
const identityToken = async (
  { callers, tokens }: LoginDeps,
  request: ApiRequest,
  wish: URLSearchParams,
): Promise<ApiResponse> => {
  const key = await callers.login(request, basicCredentials(request) ?? headerCredentials(request));
  const resource = wish.get("resource") ?? request.url.origin;
  const { token, lifetimeSeconds, expires } = await tokens.issue(key, resource);
  const told = {
    access_token: token.reveal(),
    token_type: "Bearer",
    resource,
    client_id: key.id,
    expires_in: String(lifetimeSeconds),
    expires_on: String(Math.floor(expires.getTime() / 1_000)),
    not_before: String(Math.floor(expires.getTime() / 1_000) - lifetimeSeconds),
  };
  return json(200, told, unstored);
};

const headerCredentials = ({ headers }: ApiRequest): Credentials => ({
  id: undefined,
  secret: headers.get("x-identity-header")?.trim() ?? headers.get("secret")?.trim() ?? "",
});

/** As `curl -u` sends them: ids hold no colon, and nothing is encoded within. */
const basicCredentials = ({ headers }: ApiRequest): (Credentials & { readonly id: string }) | undefined => {
  const given = /^Basic\s+([A-Za-z0-9+/]+={0,2})$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(given ?? "", "base64").toString("utf8")) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
};
