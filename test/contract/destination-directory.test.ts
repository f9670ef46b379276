import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { faultyDisk } from "../adapters/destination/faulty-disk.ts";
import { destinationContract } from "./destination-contract.ts";
import type { Subject } from "./destination-contract.ts";

const inFolder = async (): Promise<Subject> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "lifeboat-destination-")));
  const { disk, closeAll } = faultyDisk(() => ({}));
  return {
    destination: directoryDestination(folder, { disk }),
    reopened: async () => directoryDestination(folder, { disk }),
    dispose: async () => {
      await closeAll();
      await rm(folder, { recursive: true });
    },
  };
};

destinationContract("a directory", inFolder);
