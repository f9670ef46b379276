import type { Catalog, Row } from "../../ports/catalog.ts";

/** As many as one batch takes. */
const mostAtOnce = 100;

/** Removes every row of a partition whose key begins so. */
export const removeRows = async (catalog: Catalog, partition: string, prefix: string): Promise<void> => {
  for (;;) {
    const rows = await catalog.list(partition, { prefix, limit: mostAtOnce });
    if (rows.length === 0) return;
    const removed = rows.map(({ key }) => ({ key }));
    await removeSome(catalog, partition, removed);
  }
};

/** Removes these, or the first of them that fit into one batch: the others with the next call. None where one has changed. */
export const removeSome = async (
  catalog: Catalog,
  partition: string,
  rows: readonly (Pick<Row, "key"> & Partial<Pick<Row, "version">>)[],
): Promise<void> => {
  if (rows.length === 0) return;
  await catalog.write(
    partition,
    rows
      .slice(0, mostAtOnce)
      .map(({ key, version }) => ({ kind: "remove", key, ...(version === undefined ? {} : { version }) }) as const),
  );
};
