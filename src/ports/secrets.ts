import type { Secret } from "../domain/secret.ts";

/** Seals secrets for the catalog. */
export interface Sealer {
  /** Text that only this installation can open, and only with the same context: it says which row and field it is for. */
  seal(secret: Secret, context: string): Promise<string>;

  /** Throws SecretUnreadable: "KeyMissing" when the sealing key is not here, "Altered" when text or context is another. */
  open(sealed: string, context: string): Promise<Secret>;

  /** The same secret sealed with the newest key; undefined when it is already. Throws as `open` does. */
  reseal(sealed: string, context: string): Promise<string | undefined>;
}

/** Seals what lies inside archives, for whoever holds the installation's recovery key. */
export interface Recovery {
  /**
   * Names the recovery key that `seal` seals to; the manifest says it, so that people know which key they need.
   * Undefined when there is none: then nothing can be sealed.
   */
  readonly keyId: string | undefined;

  /** Opened only by the recovery key and with the same context. */
  seal(bytes: Uint8Array, context: string): Promise<Uint8Array>;

  /**
   * With the recovery key given as text, or else the one in the data folder. Throws SecretUnreadable: "KeyMissing" when
   * there is none or it is another, "Altered" when bytes or context are not the sealed ones; InvalidRecoveryKey when the
   * text is no recovery key.
   */
  open(sealed: Uint8Array, context: string, key?: Secret): Promise<Uint8Array>;
}
