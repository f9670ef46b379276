import { readFileSync } from "node:fs";
import { WebSiteManagementClient } from "@azure/arm-appservice";

/** What a client has to be told: where the service is, whom it trusts, and a key. */
export interface ArmClientOptions {
  readonly endpoint: string;
  /** The file that the service names when it starts. */
  readonly authorityFile: string;
  readonly secret: string;
}

/** An answer as it went over the wire. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

export const subscription = "00000000-0000-0000-0000-000000000000";

/**
 * The SDK as its users make it, but for the trust: a program of their own has NODE_EXTRA_CA_CERTS, which a test that runs
 * already can no longer set. `seen` is told every answer.
 */
export const armClient = (
  { endpoint, authorityFile, secret }: ArmClientOptions,
  seen: (exchange: Exchange) => void,
): WebSiteManagementClient => {
  const tlsSettings = { ca: readFileSync(authorityFile, "utf8") };
  const credential = { getToken: async () => ({ token: secret, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  return new WebSiteManagementClient(credential, subscription, {
    endpoint,
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [
      {
        position: "perCall",
        policy: {
          name: "trustAndRecord",
          async sendRequest(request, next) {
            request.tlsSettings = tlsSettings;
            const response = await next(request);
            const { method, url } = request;
            seen({ method, url, status: response.status, body: response.bodyAsText ?? "" });
            return response;
          },
        },
      },
    ],
  });
};
