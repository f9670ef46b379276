import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unchangingKeys } from "../../../src/adapters/secrets/key-source.ts";
import { keySealer } from "../../../src/adapters/secrets/sealed.ts";
import { configuredSealingKeys } from "../../../src/adapters/secrets/sealing-keys.ts";
import { Secret, SecretUnreadable } from "../../../src/domain/secret.ts";
import type { Sealer } from "../../../src/ports/secrets.ts";

const line = (id: string): string => `${id}:${randomBytes(32).toString("base64")}`;
const sealerOf = (...lines: readonly string[]): Sealer =>
  keySealer(unchangingKeys(configuredSealingKeys(new Secret(lines.join(",")), "LIFEBOAT_SEALING_KEYS")));

const unreadable = async (opening: Promise<Secret>): Promise<SecretUnreadable> => {
  const error: unknown = await opening.then(
    () => "it was opened",
    (reason: unknown) => reason,
  );
  if (error instanceof SecretUnreadable) return error;
  throw new Error(`Expected SecretUnreadable, got ${String(error)}`);
};

describe("a sealed secret", () => {
  it("comes back with the same context, whatever both are", async () => {
    const sealer = sealerOf(line("one"));
    const text = fc.string({ unit: "grapheme", maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(text, text, async (secret, context) => {
        const sealed = await sealer.seal(new Secret(secret), context);
        expect(sealed).toMatch(/^lb1\.one\.[\w-]{16}\.[\w-]{22,}$/);
        expect((await sealer.open(sealed, context)).reveal()).toBe(secret);
      }),
      { numRuns: 50 },
    );
  });

  it("holds nothing of its text, and looks different every time", async () => {
    const sealer = sealerOf(line("one"));
    const sealed = await Promise.all(Array.from({ length: 20 }, () => sealer.seal(new Secret("sig=hunter2"), "row")));
    expect(new Set(sealed).size).toBe(20);
    for (const each of sealed) {
      expect(each).not.toContain("hunter2");
      expect(Buffer.from(String(each.split(".")[3]), "base64url").toString("latin1")).not.toContain("hunter2");
    }
  });

  it("of an earlier release still opens", async () => {
    const sealer = sealerOf(`first:${Buffer.alloc(32, 7).toString("base64")}`);
    const sealed = "lb1.first.DwmNEUdIQApntiS-.WpaHkuUmAGO93Ypk5GjgOxqcNs_bk7juPt28";
    expect((await sealer.open(sealed, "row of shop")).reveal()).toBe("Hütte 😀");
  });

  it("does not open in another place", async () => {
    const sealer = sealerOf(line("one"));
    const sealed = await sealer.seal(new Secret("text"), "row 1");
    const error = await unreadable(sealer.open(sealed, "row 2"));
    expect(error.reason).toBe("Altered");
    expect(error.message).toBe(
      "The sealed value of row 2 was altered, or moved from another place. Enter the secret again.",
    );
  });

  it("does not open when any one of its characters is another, or missing", async () => {
    const sealer = sealerOf(line("one"));
    const sealed = await sealer.seal(new Secret("a text"), "row");
    for (let at = 0; at < sealed.length; at++) {
      const other = sealed[at] === "A" ? "B" : "A";
      for (const changed of [
        sealed.slice(0, at) + other + sealed.slice(at + 1),
        sealed.slice(0, at) + sealed.slice(at + 1),
      ])
        expect((await unreadable(sealer.open(changed, "row"))).reason).toMatch(/^(Altered|KeyMissing)$/);
    }
  });

  it.each([
    "",
    "lb1",
    "lb1.one",
    "lb1.one..",
    "lb1.one.AAAA.AAAA",
    "lb2.one.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
    "plain text",
  ])("%j is none", async (text) => {
    expect((await unreadable(sealerOf(line("one")).open(text, "row"))).reason).toBe("Altered");
  });

  it("cannot be passed off as sealed with another key of the same bytes", async () => {
    const base64 = randomBytes(32).toString("base64");
    const sealer = sealerOf(`one:${base64}`, `two:${base64}`);
    const sealed = await sealer.seal(new Secret("text"), "row");
    expect((await unreadable(sealer.open(sealed.replace(".one.", ".two."), "row"))).reason).toBe("Altered");
  });
});

describe("rotation", () => {
  it("seals with the first key and opens with all", async () => {
    const [old, newest] = [line("old"), line("new")];
    const before = await sealerOf(old).seal(new Secret("text"), "row");
    const both = sealerOf(newest, old);
    expect(await both.seal(new Secret("text"), "row")).toMatch(/^lb1\.new\./);
    expect((await both.open(before, "row")).reveal()).toBe("text");
  });

  it("names the key that is missing, those that are there, and the next move", async () => {
    const sealed = await sealerOf(line("old")).seal(new Secret("text"), "row");
    const error = await unreadable(sealerOf(line("new"), line("newer")).open(sealed, "row"));
    expect(error.reason).toBe("KeyMissing");
    expect(error.message).toBe(
      "The sealed value of row needs the key old, and LIFEBOAT_SEALING_KEYS has only new, newer. Put that key back, behind the newest, or enter the secret again.",
    );
  });
});
