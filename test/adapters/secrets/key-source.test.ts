import { describe, expect, it } from "vitest";
import { watchedKeys } from "../../../src/adapters/secrets/key-source.ts";
import { configuredSealingKeys, type SealingKeys } from "../../../src/adapters/secrets/sealing-keys.ts";
import { Secret } from "../../../src/domain/secret.ts";

const keys = (id: string): SealingKeys =>
  configuredSealingKeys(new Secret(`${id}:${Buffer.alloc(32, id).toString("base64")}`), "a test");

const watched = () => {
  const state = { now: 0, looks: 0, problems: 0, answer: async (): Promise<SealingKeys> => keys("a") };
  const source = watchedKeys(
    async () => {
      state.looks++;
      return state.answer();
    },
    { freshForMs: 100, pauseMs: 10, now: () => state.now, onProblem: () => void state.problems++ },
  );
  return { state, source };
};

describe("watched keys", () => {
  it("are looked for once for all who ask at the same time, and again when they are old", async () => {
    const { state, source } = watched();
    await Promise.all([source.keys(), source.keys(), source.keysAgain()]);
    expect(state.looks).toBe(1);
    state.now = 99;
    await source.keys();
    expect(state.looks).toBe(1);
    state.now = 100;
    state.answer = async () => keys("b");
    expect((await source.keys()).keys[0]?.id).toBe("b");
  });

  it("are looked for again when one is missing, but not for every made-up one", async () => {
    const { state, source } = watched();
    await source.keys();
    for (let times = 0; times < 50; times++) await source.keysAgain();
    expect(state.looks).toBe(1);
    state.now = 10;
    for (let times = 0; times < 50; times++) await source.keysAgain();
    expect(state.looks).toBe(2);
  });

  it("stay when a look fails, which is told; without any the failure is", async () => {
    const { state, source } = watched();
    state.answer = () => Promise.reject(new Error("away"));
    await expect(source.keys()).rejects.toThrow("away");
    state.answer = async () => keys("a");
    await source.keys();
    state.answer = () => Promise.reject(new Error("away"));
    state.now = 100;
    expect((await source.keys()).keys[0]?.id).toBe("a");
    expect(state.problems).toBe(1);
    await source.keys();
    expect(state.looks, "not at once again").toBe(3);
  });
});
