import { diskReserve } from "../adapters/machine/disk-reserve.ts";
import { diskRooms, roomOf } from "../adapters/machine/disk-rooms.ts";
import type { Config } from "../config.ts";
import type { Machine } from "../ports/machine.ts";
import { programsHere } from "./databases.ts";

/** What runs in Azure has no disk of its own worth a look. */
export const machineOf = (config: Config): Machine => {
  const everywhere = { roomOf, databaseTools: programsHere(config) };
  if (config.catalog.kind !== "sqlite")
    return {
      ...everywhere,
      rooms: async () => [],
      catalogRoom: async () => undefined,
      keepReserve: async () => undefined,
      giveUpReserve: async () => false,
    };
  const { dataFolder, sitesRoot, fileRoots } = config;
  const reserve = diskReserve(dataFolder);
  return {
    ...everywhere,
    rooms: async () => diskRooms([dataFolder, sitesRoot, ...fileRoots]),
    catalogRoom: async () => roomOf(dataFolder),
    keepReserve: reserve.keep,
    giveUpReserve: reserve.giveUp,
  };
};
