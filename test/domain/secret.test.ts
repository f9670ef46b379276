import { format, inspect } from "node:util";
import { expect, it } from "vitest";
import { Secret } from "../../src/domain/secret.ts";

const secret = new Secret("hunter2");

it.each<[string, () => string]>([
  ["String", () => String(secret)],
  ["a template", () => `${secret.toString()}`],
  ["concatenation", () => "".concat(secret as unknown as string)],
  ["JSON", () => JSON.stringify({ secret, list: [secret] })],
  ["inspect", () => inspect({ secret }, { showHidden: true, depth: 10, getters: true })],
  ["console's format", () => format("%s %o %O %j %d", secret, secret, secret, secret, secret)],
  ["an error's cause", () => inspect(new Error("failed", { cause: secret }))],
  ["entries", () => JSON.stringify(Object.entries(secret))],
  ["property names", () => Reflect.ownKeys(secret).join()],
  ["a structured clone", () => inspect(structuredClone(secret), { showHidden: true })],
])("does not show in %s", (_, shown) => {
  expect(shown()).not.toContain("hunter2");
});

it("says that there is a secret", () => {
  expect(`${String(secret)} ${JSON.stringify({ secret })} ${inspect(secret)}`).toBe(
    '[secret] {"secret":"[secret]"} [secret]',
  );
});

it("is opened by reveal alone", () => {
  expect(secret.reveal()).toBe("hunter2");
});

it("equals another of the same text", () => {
  expect(secret.equals(new Secret("hunter2"))).toBe(true);
  expect(secret.equals(new Secret("hunter3"))).toBe(false);
});

it("cannot be changed", () => {
  expect(() => Object.assign(secret, { text: "other" })).toThrow(TypeError);
});
