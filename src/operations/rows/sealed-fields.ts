import { recoveryContext } from "../../domain/recovery-context.ts";
import { configurationBeforePrefix, credentialsPartition, operationPrefix } from "./keys.ts";

/** What a container's credential is sealed for. `key` is the row's. */
export const credentialContext = (key: string): string => `credential ${key}`;
/** What the settings that a restore run replaced are sealed for. */
export const configurationBeforeContext = (run: string): string => `configuration before ${run}`;

/** Where sealed text lies in the catalog: rows of one partition, or of every site's, and the field that holds it. */
export interface SealedField {
  /** Absent: the partition of each site. */
  readonly partition?: string;
  readonly prefix?: string;
  readonly field: string;
  /** What the field of the row with this key was sealed for. */
  readonly contextOf: (key: string) => string;
}

/** All of it: what is missing here stays sealed with a key that people believe to be replaced. */
export const sealedFields: readonly SealedField[] = [
  { partition: credentialsPartition, field: "sealed", contextOf: credentialContext },
  {
    prefix: operationPrefix,
    field: "recoveryKey",
    contextOf: (key) => recoveryContext(key.slice(operationPrefix.length)),
  },
  {
    prefix: configurationBeforePrefix,
    field: "sealed",
    contextOf: (key) => configurationBeforeContext(key.slice(configurationBeforePrefix.length)),
  },
];
