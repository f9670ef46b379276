import { messageOf } from "../domain/errors.ts";
import { SecretUnreadable } from "../domain/secret.ts";
import type { Row } from "../ports/catalog.ts";
import type { Log } from "../ports/log.ts";
import type { Installation } from "./installation.ts";
import { sitePartition } from "./rows/keys.ts";
import { sealedFields, type SealedField } from "./rows/sealed-fields.ts";

type Needs = Pick<Installation, "catalog" | "sealer" | "sites">;

export interface Resealed {
  /** How many were sealed with an older key, and are no more. */
  readonly resealed: number;
  /** How many cannot be opened, by the id of the key they need. They are left as they are. */
  readonly unreadable: ReadonlyMap<string, number>;
}

/**
 * Seals everything in the catalog with the newest key, so that older ones can be taken away. For housekeeping, on any
 * number of instances at once: a row that somebody changes meanwhile is left for the next time.
 */
export const resealSecrets =
  (deps: Needs) =>
  async ({ log }: { readonly log: Log }): Promise<Resealed> => {
    const unreadable = new Map<string, number>();
    let resealed = 0;
    for (const { field, partition, row } of await sealedRows(deps))
      try {
        if (await resealRow(deps, field, { partition, row })) resealed++;
      } catch (error) {
        if (!(error instanceof SecretUnreadable)) throw error;
        const key = String(row.value[field.field]).split(".")[1] ?? "";
        unreadable.set(key, (unreadable.get(key) ?? 0) + 1);
        log.warn("secret unreadable", { partition, row: row.key, error: messageOf(error) });
      }
    if (resealed > 0) log.info("secrets sealed anew with the newest key", { secrets: resealed });
    return { resealed, unreadable };
  };

interface SealedRow {
  readonly partition: string;
  readonly row: Row;
}

const sealedRows = async ({ catalog, sites }: Needs): Promise<readonly (SealedRow & { field: SealedField })[]> => {
  const ofSites = (await sites.list()).map(({ id }) => sitePartition(id));
  const found: (SealedRow & { field: SealedField })[] = [];
  for (const field of sealedFields)
    for (const partition of field.partition === undefined ? ofSites : [field.partition]) {
      const rows = await catalog.list(partition, field.prefix === undefined ? {} : { prefix: field.prefix });
      found.push(
        ...rows.filter(({ value }) => typeof value[field.field] === "string").map((row) => ({ field, partition, row })),
      );
    }
  return found;
};

const resealRow = async (
  { catalog, sealer }: Needs,
  { field, contextOf }: SealedField,
  { partition, row: { key, value, version } }: SealedRow,
): Promise<boolean> => {
  const sealed = await sealer.reseal(String(value[field]), contextOf(key));
  if (sealed === undefined) return false;
  return catalog.write(partition, [{ kind: "replace", key, value: { ...value, [field]: sealed }, version }]);
};
