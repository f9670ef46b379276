import { fileURLToPath } from "node:url";
import { Secret } from "../../domain/secret.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Destination } from "../../ports/destination.ts";
import { blobClients, type BlobLogin } from "./blob-clients.ts";
import { blobContainer } from "./blob-container.ts";
import { BlobRequests } from "./blob-requests.ts";
import { directoryDestination } from "./directory.ts";
import { ownIdentity } from "./own-identity.ts";
import { defaultRetries } from "./with-retries.ts";

/** The container in the account of a connection string. */
const containerName = "lifeboat-scratch";

/**
 * Opens the installation's own container, once, and makes it when it is missing. `location` is a `file:` URL; a container's
 * https URL, with a SAS or for Lifeboat's own identity; or a storage account's connection string. No caller can name
 * what this opens, so the policy for destinations does not apply.
 */
export const ownContainer = (location: Secret): (() => Promise<Destination>) => {
  let opened: Promise<Destination> | undefined;
  return async () => {
    opened ??= open(location.reveal().trim());
    try {
      return await opened;
    } catch (error) {
      // A store that does not answer now may do so for the next run.
      opened = undefined;
      throw error;
    }
  };
};

const open = async (location: string): Promise<Destination> => {
  if (location.startsWith("file:")) return directoryDestination(fileURLToPath(location), { isMade: true });
  const options = /^https?:\/\//.test(location) ? await byUrl(location) : await byConnectionString(location);
  await makeContainer(options);
  return blobContainer(options);
};

interface Located extends BlobLogin {
  readonly container: string;
}

const byUrl = async (location: string): Promise<Located> => {
  const [container = "", query = ""] = location.split("?", 2);
  const place = container.replace(/\/+$/, "");
  if (query !== "") return { container: place, sas: new Secret(query) };
  return { container: place, identity: await ownIdentity() };
};

const byConnectionString = async (text: string): Promise<Located> => {
  const { BlobServiceClient, StorageSharedKeyCredential } = await import("@azure/storage-blob");
  try {
    const service = BlobServiceClient.fromConnectionString(text);
    const { url, credential } = service.getContainerClient(containerName);
    if (credential instanceof StorageSharedKeyCredential) return { container: url, accountKey: credential };
    return await byUrl(url);
  } catch {
    // What the SDK says about a connection string may hold parts of it.
    throw new Error(
      "LIFEBOAT_SCRATCH cannot be read. Expected a file: URL, a container's https URL, or a storage account's connection string as the portal shows it.",
    );
  }
};

const makeContainer = async (options: Located): Promise<void> => {
  const { plain } = await blobClients(options.container, options);
  const requests = new BlobRequests({ container: options.container, sas: options.sas }, defaultRetries);
  try {
    await requests.send("Making the container", {}, async (abortSignal) => plain.createIfNotExists({ abortSignal }));
  } catch (error) {
    // A SAS of one container cannot make it, nor can some roles. If it is not there, the first use says so.
    if (!isStoreFailure(error, "AccessDenied")) throw error;
  }
};
