import { expect, it } from "vitest";
import { nearestWord } from "../../src/domain/nearest-word.ts";

const words = ["LIFEBOAT_PORT", "LIFEBOAT_TLS_PORT", "LIFEBOAT_DESTINATION"];

it.each([
  ["LIFEBOAT_DESTNATION", "LIFEBOAT_DESTINATION"],
  ["LIFEBOAT_PROT", "LIFEBOAT_PORT"],
  ["lifeboat_tls_port", "LIFEBOAT_TLS_PORT"],
])("takes %s for %s", (given, meant) => {
  expect(nearestWord(given, words)).toBe(meant);
});

it.each(["LIFEBOAT_COLOUR", "", "PORT"])("takes %j for no other word", (given) => {
  expect(nearestWord(given, words)).toBeUndefined();
});
