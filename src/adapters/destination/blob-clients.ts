import type { Agent } from "node:http";
import type { TokenCredential } from "@azure/identity";
import type { ContainerClient, RequestPolicyFactory, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { Secret } from "../../domain/secret.ts";
import { quoted } from "./blob-wire.ts";

/** How to be let in; one of them. */
export interface BlobLogin {
  /** The query of a SAS for the container or the account, with or without its question mark. */
  readonly sas?: Secret;
  readonly identity?: TokenCredential;
  readonly accountKey?: StorageSharedKeyCredential;
  /** Makes the connections; default: the SDK's own, or the proxy of the environment. */
  readonly agent?: Agent;
}

export interface BlobClients {
  readonly plain: ContainerClient;
  /** For copies: each of its requests holds only while the copy's source has this etag. */
  ifSourceMatches(etag: string): ContainerClient;
}

// Retries are ours: after a lost answer it must be known that there was one. A redirect could lead anywhere.
const pipelineOptions = {
  retryOptions: { maxTries: 1 },
  redirectOptions: { maxRetries: 0 },
  userAgentOptions: { userAgentPrefix: "lifeboat" },
};

/** Loads the SDK when the first container is opened. */
export const blobClients = async (container: string, login: BlobLogin): Promise<BlobClients> => {
  const sdk = await import("@azure/storage-blob");
  const query = login.sas?.reveal().replace(/^\?/, "");
  const url = query === undefined ? container : `${container}?${query}`;
  const credential = login.accountKey ?? login.identity;
  const options = login.agent === undefined ? pipelineOptions : { ...pipelineOptions, agent: login.agent };
  return {
    plain: new sdk.ContainerClient(url, credential, options),
    ifSourceMatches: (etag) => {
      const pipeline = sdk.newPipeline(credential, options);
      pipeline.factories.push(sourceCondition(etag));
      return new sdk.ContainerClient(url, pipeline);
    },
  };
};

/** The SDK takes no conditions for a copy's source, although the service does: without them a copy may mix two contents. */
const sourceCondition = (etag: string): RequestPolicyFactory => ({
  create: (next) => ({
    sendRequest: async (request) => {
      request.headers.set("x-ms-source-if-match", quoted(etag));
      return next.sendRequest(request);
    },
  }),
});
