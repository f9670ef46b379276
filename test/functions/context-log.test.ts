import { expect, it } from "vitest";
import { contextLog, lastErrors } from "../../src/functions/context-log.ts";

it("remembers the last ten errors for whoever asks whether Lifeboat is well, without what was in them", () => {
  const lines: string[] = [];
  const log = contextLog({
    info: () => undefined,
    warn: () => undefined,
    error: (line: string) => void lines.push(line),
  });
  for (let number = 1; number <= 12; number++) log.error(`failure ${number}`, { container: "planted" });
  log.warn("a warning");
  expect(lastErrors().map(({ event }) => event)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => `failure ${n}`));
  expect(JSON.stringify(lastErrors())).not.toContain("planted");
  expect(lines.at(-1)).toBe('failure 12 {"container":"planted"}');
});
