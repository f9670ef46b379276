import type { TokenCredential } from "@azure/identity";

let found: Promise<TokenCredential> | undefined;

/** Who this process is to Azure: a managed identity, else what the environment or a developer's login says. One for all. */
export const ownIdentity = async (): Promise<TokenCredential> => {
  // A large package that most installations never need.
  found ??= import("@azure/identity").then(({ DefaultAzureCredential }) => new DefaultAzureCredential());
  return found;
};
