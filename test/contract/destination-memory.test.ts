import { memoryDestination, s3Limits } from "../support/memory-destination.ts";
import { destinationContract } from "./destination-contract.ts";
import type { Subject } from "./destination-contract.ts";
import type { MemoryOptions } from "../support/memory-destination.ts";

const inMemory = (options: MemoryOptions) => async (): Promise<Subject> => {
  const destination = memoryDestination(options);
  return { destination, reopened: async () => destination, dispose: async () => undefined };
};

destinationContract("memory with Azure's limits", inMemory({}));
destinationContract("memory with S3's limits", inMemory({ limits: s3Limits, inStagedOrder: true }), {
  inStagedOrder: true,
});
