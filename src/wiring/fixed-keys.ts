import { readAdminKey } from "../adapters/callers/admin-key.ts";
import type { Config } from "../config.ts";
import type { Secret } from "../domain/secret.ts";
import { hashKey, type KnownKey } from "../operations/keys/known-keys.ts";

const adminKey = (id: string, secret: Secret): KnownKey => ({
  id,
  name: id,
  role: "admin",
  reach: "all",
  sha256: hashKey(secret.reveal()),
});

/** The keys that no one made by the API: of the data folder, and of the configuration. */
export const fixedKeys = ({ dataFolder, bootstrapKey }: Config): readonly KnownKey[] => {
  const key = readAdminKey(dataFolder);
  return [
    ...(key === undefined ? [] : [adminKey(key.id, key.secret)]),
    ...(bootstrapKey === undefined ? [] : [adminKey("bootstrap", bootstrapKey)]),
  ];
};
