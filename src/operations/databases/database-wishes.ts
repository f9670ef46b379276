import * as z from "zod";
import { ConnectionStringInvalid } from "../../domain/connections/connection-string-invalid.ts";
import { parseConnectionString } from "../../domain/connections/connection-string.ts";
import { engineOf, type DatabaseReference, type KeptDatabases } from "../../domain/database.ts";
import { refuse } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import type { Installation } from "../installation.ts";
import { databaseSecretsContext } from "../rows/sealed-fields.ts";

/** A database as a request names it. */
export interface DatabaseWish extends DatabaseReference {
  /** Absent or blank: what is stored stays, or the site's own is looked up by `connectionStringName`. */
  readonly connectionString?: Secret;
}

const field = (place: number, name: string): string => `properties.databases[${place}].${name}`;

/** Throws InvalidField for what can be told without asking anybody. */
export const checkWishes = (wishes: readonly DatabaseWish[]): void => {
  const names = new Set<string>();
  for (const [place, { type, name, connectionString }] of wishes.entries()) {
    if (names.has(name.toLowerCase()))
      throw refuse("InvalidField", { field: field(place, "name"), reason: `"${name}" is in the list twice.` });
    names.add(name.toLowerCase());
    if (connectionString === undefined) continue;
    try {
      parseConnectionString(connectionString, engineOf(type));
    } catch (error) {
      if (!(error instanceof ConnectionStringInvalid)) throw error;
      throw refuse("InvalidField", { field: field(place, "connectionString"), reason: error.message });
    }
  }
};

export type ConnectionStrings = ReadonlyMap<string, Secret>;

/** By the names of their databases, which differ in more than letter case. */
export const keyOf = ({ name }: { readonly name: string }): string => name.toLowerCase();

const texts = z.record(z.string(), z.string());

/** The fields of the row `key` for these wishes; `before` are the strings it has, for wishes that come without one. */
export const keepDatabases = async (
  { sealer }: Pick<Installation, "sealer">,
  key: string,
  { wishes, before }: { readonly wishes: readonly DatabaseWish[]; readonly before: ConnectionStrings },
): Promise<KeptDatabases> => {
  const databases = wishes.map(({ type, name, connectionStringName }) => ({
    type,
    name,
    ...(connectionStringName === undefined ? {} : { connectionStringName }),
  }));
  const strings = wishes.flatMap((wish) => {
    const kept = wish.connectionStringName === undefined ? before.get(keyOf(wish)) : undefined;
    const string = wish.connectionString ?? kept;
    return string === undefined ? [] : [[keyOf(wish), string.reveal()] as const];
  });
  if (strings.length === 0) return { databases };
  const text = new Secret(JSON.stringify(Object.fromEntries(strings)));
  return { databases, databaseSecrets: await sealer.seal(text, databaseSecretsContext(key)) };
};

/** The connection strings that came with the databases of the row `key`. */
export const openStrings = async (
  { sealer }: Pick<Installation, "sealer">,
  key: string,
  { databaseSecrets }: KeptDatabases,
): Promise<ConnectionStrings> => {
  if (databaseSecrets === undefined) return new Map();
  const opened = await sealer.open(databaseSecrets, databaseSecretsContext(key));
  const found = texts.parse(JSON.parse(opened.reveal()));
  return new Map(Object.entries(found).map(([name, text]) => [name, new Secret(text)]));
};
