import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

/** Has a running service do what one of its timers does, now and not when it is due; `data` is its folder. */
export const runTimer = async (url: string, data: string, name: string): Promise<void> => {
  // Safe: the host's own file; with another key it refuses.
  const { masterKey }: { masterKey: { value: string } } = JSON.parse(
    readFileSync(join(data, "keys", "host.json"), "utf8"),
  );
  const answer = await fetch(`${url}/admin/functions/${name}`, {
    method: "POST",
    headers: { "x-functions-key": masterKey.value, "content-type": "application/json" },
    body: "{}",
  });
  expect(answer.status).toBe(202);
};
