import { describe, expect, it } from "vitest";
import { configuredRecovery } from "../../../src/adapters/secrets/configured-recovery.ts";
import { createRecoveryKey } from "../../../src/adapters/secrets/recovery-key.ts";
import { Secret } from "../../../src/domain/secret.ts";

const bytes = Buffer.from("settings");

describe("a recovery key from configuration", () => {
  it("seals, and opens what it sealed", async () => {
    const key = createRecoveryKey();
    const recovery = configuredRecovery(key.text);
    expect(recovery.keyId).toBe(key.public.id);
    const sealed = await recovery.seal(bytes, "a place");
    expect(Buffer.from(await recovery.open(sealed, "a place")).equals(bytes)).toBe(true);
    await expect(recovery.open(sealed, "another place")).rejects.toMatchObject({ reason: "Altered" });
  });

  it("is not needed to open with the key that a caller gives", async () => {
    const key = createRecoveryKey();
    const sealed = await configuredRecovery(key.text).seal(bytes, "a place");
    const none = configuredRecovery(undefined);
    expect(none.keyId).toBeUndefined();
    expect(Buffer.from(await none.open(sealed, "a place", key.text)).equals(bytes)).toBe(true);
    await expect(none.open(sealed, "a place")).rejects.toThrow(key.public.id);
    await expect(none.seal(bytes, "a place")).rejects.toThrow("LIFEBOAT_RECOVERY_KEY");
  });

  it("is refused when it is none", () => {
    expect(() => configuredRecovery(new Secret("LBRK1-NO"))).toThrow(/recovery key/);
  });
});
