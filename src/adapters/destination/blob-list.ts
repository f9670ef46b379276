import type { ContainerClient } from "@azure/storage-blob";
import type { StoredObject } from "../../ports/destination.ts";
import type { BlobRequests } from "./blob-requests.ts";
import { storedObject } from "./blob-wire.ts";
import { nameProblem } from "./check-input.ts";

/** All objects whose name starts with `prefix`, in byte order. */
export const listBlobs = async (
  client: ContainerClient,
  requests: BlobRequests,
  { prefix, pageSize }: { readonly prefix: string; readonly pageSize: number },
): Promise<readonly StoredObject[]> => {
  const found: StoredObject[] = [];
  let continuationToken: string | undefined;
  do {
    const from = continuationToken === undefined ? {} : { continuationToken };
    const page = await requests.send(`Listing ${prefix}`, {}, async (abortSignal) => {
      const blobs = client.listBlobsFlat({ prefix, includeMetadata: true, abortSignal });
      const { value } = await blobs.byPage({ maxPageSize: pageSize, ...from }).next();
      if (value === undefined) throw new Error("A list without a page.");
      return value;
    });
    for (const { name, properties, metadata } of page.segment.blobItems) {
      // Accounts with folders list these as empty blobs.
      const isFolder = metadata?.["hdi_isfolder"] === "true";
      if (!isFolder && nameProblem(name) === undefined && name.startsWith(prefix))
        found.push(storedObject(name, { ...properties, metadata }));
    }
    continuationToken = page.continuationToken === "" ? undefined : page.continuationToken;
  } while (continuationToken !== undefined);
  return inByteOrder(found);
};

/** Stores differ in where they put folders and the letters beyond U+FFFF; only all together can be put in order. */
const inByteOrder = (objects: readonly StoredObject[]): readonly StoredObject[] =>
  objects
    .map((object) => ({ object, key: Buffer.from(object.name) }))
    .toSorted((one, other) => Buffer.compare(one.key, other.key))
    .map(({ object }) => object);
