import type { Catalog } from "../../ports/catalog.ts";

/** As many as one batch takes. */
const mostAtOnce = 100;

/** Removes every row of a partition whose key begins so. */
export const removeRows = async (catalog: Catalog, partition: string, prefix: string): Promise<void> => {
  for (;;) {
    const rows = await catalog.list(partition, { prefix, limit: mostAtOnce });
    if (rows.length === 0) return;
    await catalog.write(
      partition,
      rows.map(({ key }) => ({ kind: "remove", key }) as const),
    );
  }
};
