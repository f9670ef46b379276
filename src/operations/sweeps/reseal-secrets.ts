import { messageOf } from "../../domain/errors.ts";
import { SecretUnreadable } from "../../domain/secret.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Row, RowValue } from "../../ports/catalog.ts";
import type { Log } from "../../ports/log.ts";
import type { Installation } from "../installation.ts";
import { sitePartition } from "../rows/keys.ts";
import { sealedFields, type SealedField } from "../rows/sealed-fields.ts";

type Needs = Pick<Installation, "catalog" | "sealer" | "sites">;

interface Resealed {
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
    for await (const places of sealedPlaces(deps))
      for (const place of places)
        try {
          if (await resealAt(deps, place)) resealed++;
        } catch (error) {
          if (!(error instanceof SecretUnreadable)) throw error;
          const key = place.sealed.split(".")[1] ?? "";
          unreadable.set(key, (unreadable.get(key) ?? 0) + 1);
          log.warn("secret unreadable", { partition: place.partition, row: place.row.key, error: messageOf(error) });
        }
    if (resealed > 0) log.info("secrets sealed anew with the newest key", { secrets: resealed });
    return { resealed, unreadable };
  };

/** Sealed text, where it stands. */
interface SealedPlace {
  readonly partition: string;
  readonly row: Row;
  readonly path: readonly string[];
  readonly sealed: string;
  readonly context: string;
}

/** Each partition is read once, however many of its fields are sealed. */
async function* sealedPlaces({ catalog, sites }: Needs): AsyncGenerator<readonly SealedPlace[]> {
  const ofSites = sealedFields.filter(({ partition }) => partition === undefined);
  for (const field of sealedFields)
    if (field.partition !== undefined)
      yield placesIn(field.partition, await catalog.list(field.partition, { prefix: field.prefix ?? "" }), [
        { ...field, contextOf: field.contextOf },
      ]);
  const ids = (await sites.list()).map(({ id }) => id);
  for (let from = 0; from < ids.length; from += sitesAtATime) {
    const some = ids.slice(from, from + sitesAtATime);
    const rows = await Promise.all(some.map((site) => catalog.list(sitePartition(site))));
    for (const [index, site] of some.entries()) {
      const fields = ofSites.map((field) => ({ ...field, contextOf: (key: string) => contextIn(field, key, site) }));
      yield placesIn(sitePartition(site), rows[index] ?? [], fields);
    }
  }
}

/** What waits for a store's answers may do so side by side. */
const sitesAtATime = 8;

const contextIn = (field: SealedField, key: string, site: SiteId): string =>
  field.partition === undefined ? field.contextOf(key, site) : field.contextOf(key);

interface FieldOfRows {
  readonly prefix?: string;
  readonly field: string;
  readonly contextOf: (key: string) => string;
}

const placesIn = (partition: string, rows: readonly Row[], fields: readonly FieldOfRows[]): readonly SealedPlace[] =>
  rows.flatMap((row) =>
    fields.flatMap(({ prefix = "", field, contextOf }) => {
      if (!row.key.startsWith(prefix)) return [];
      const path = field.split(".");
      const sealed = textAt(row.value, path);
      return sealed === undefined ? [] : [{ partition, row, path, sealed, context: contextOf(row.key) }];
    }),
  );

const resealAt = async ({ catalog, sealer }: Needs, { partition, row, path, sealed, context }: SealedPlace) => {
  const text = await sealer.reseal(sealed, context);
  if (text === undefined) return false;
  // Another field of the same row may have been sealed anew a moment ago.
  const { key, value, version } = (await catalog.get(partition, row.key)) ?? row;
  if (textAt(value, path) !== sealed) return false;
  return catalog.write(partition, [{ kind: "replace", key, value: withTextAt(value, path, text), version }]);
};

const isObject = (value: unknown): value is RowValue => typeof value === "object" && value !== null;

const textAt = (value: unknown, [name, ...rest]: readonly string[]): string | undefined => {
  if (name === undefined) return typeof value === "string" ? value : undefined;
  return isObject(value) ? textAt(value[name], rest) : undefined;
};

const withTextAt = (value: RowValue, [name = "", ...rest]: readonly string[], text: string): RowValue => {
  const inner = value[name];
  return { ...value, [name]: rest.length > 0 && isObject(inner) ? withTextAt(inner, rest, text) : text };
};
