import * as z from "zod";
import type { Catalog } from "../../ports/catalog.ts";
import { hubsPartition } from "./keys.ts";

const beat = z.object({ beat: z.number() });

/** Says that the process with this store of workflows lives. */
export const writeHubBeat = async (catalog: Catalog, hub: string, value: z.infer<typeof beat>): Promise<void> => {
  await catalog.writeNews(hubsPartition, { key: hub, value });
};

/** By hub. One that cannot be understood is none: its process tells again. */
export const readHubBeats = async (catalog: Catalog): Promise<ReadonlyMap<string, number>> =>
  new Map(
    (await catalog.list(hubsPartition)).flatMap(({ key, value }) => {
      const read = beat.safeParse(value);
      return read.success ? [[key, read.data.beat] as const] : [];
    }),
  );
