import { expect, it } from "vitest";
import { AlikePaths } from "../../../src/adapters/site-files/exchange/alike-paths.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";

it("paths that a file system may take for one are always found alike, others hardly ever", () => {
  const seen = new AlikePaths();
  const names = Array.from({ length: 50_000 }, (_, at) => `site/wwwroot/Grün ${at % 7}/File${at}.txt`);
  expect(names.filter((name) => seen.add(pathFromText(name))).length).toBeLessThan(250);
  expect(names.every((name) => seen.add(pathFromText(name.toUpperCase())))).toBe(true);
  const twins = ["a/ä", "a/a\u0308", "A/Ä. "].map(pathFromText);
  expect(twins.map((path) => seen.add(path))).toEqual([false, true, true]);
});
