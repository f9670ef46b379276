import { TableClient, TableServiceClient } from "@azure/data-tables";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { Azurite } from "./azurite.ts";
import type { Trace } from "./planted-secrets.ts";

/** Every property of every entity in every table, and every blob but archives, with its name and metadata. */
export const tracesInAzurite = async (azurite: Azurite): Promise<readonly Trace[]> => [
  ...(azurite.tableUrl === undefined ? [] : await tracesInTables(azurite.connectionString)),
  ...(await tracesInBlobs(azurite)),
];

const tracesInTables = async (connection: string): Promise<readonly Trace[]> => {
  const options = { allowInsecureConnection: true };
  const traces: Trace[] = [];
  for await (const { name = "" } of TableServiceClient.fromConnectionString(connection, options).listTables())
    for await (const entity of TableClient.fromConnectionString(connection, name, options).listEntities())
      for (const [property, value] of Object.entries(entity)) {
        const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
        traces.push({ where: `table ${name}, ${entity.partitionKey} ${entity.rowKey}, ${property}`, bytes });
      }
  return traces;
};

const tracesInBlobs = async ({ blobUrl, account, key }: Azurite): Promise<readonly Trace[]> => {
  const service = new BlobServiceClient(blobUrl, new StorageSharedKeyCredential(account, key));
  const traces: Trace[] = [];
  for await (const { name: container } of service.listContainers())
    for await (const { name, metadata } of service
      .getContainerClient(container)
      .listBlobsFlat({ includeMetadata: true })) {
      const where = `blob ${container}/${name}`;
      traces.push({
        where: `${where}, its name and metadata`,
        bytes: Buffer.from(`${name} ${JSON.stringify(metadata)}`),
      });
      if (!name.endsWith(".zip"))
        traces.push({
          where,
          bytes: await service.getContainerClient(container).getBlobClient(name).downloadToBuffer(),
        });
    }
  return traces;
};
