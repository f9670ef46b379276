import { describe, inject, it } from "vitest";

/** Where the devhost does something else than the real host, on purpose: the rows of docs/devhost.md, word for word. */
export const differences = {
  "silent-handler": "A handler that throws, returns no object, or breaks off",
  "large-body": "A body of more than 104,857,600 bytes",
  "paced-download": "A download to a client that reads slowly or leaves",
  "headers-key": "A query key called Headers",
  "admin-invoke": "POST /admin/functions/NAME for a function that is no timer",
  "function-timeout": "A function that exceeds functionTimeout",
  "unknown-step": "An activity or sub-orchestrator name that nobody registered",
  unsupported: "Events, continueAsNew, Task.any, retries, entities, callHttp, suspend, rewind",
  "timer-precision": "When a durable timer fires",
  "management-urls": "URLs that the durable client hands out",
} as const;

type Difference = keyof typeof differences;

const { isReal } = inject("functionsHost");

/** A test of what only the devhost does; `row` says why the real host is not asked. */
export const itHere = (row: Difference, name: string, body: () => Promise<void>): void =>
  it.skipIf(isReal)(isReal ? `${name} [skipped: "${row}" in docs/devhost.md differs on purpose]` : name, body);

/** Tests of hosts they start themselves: other settings, restarts, signals. A real host has to be looked at by hand. */
export const describeOwnHosts = (name: string, body: () => void): void =>
  void describe.skipIf(isReal)(isReal ? `${name} [skipped: it starts hosts of its own]` : name, body);

/** What is expected of the host under test where both answer, differently. */
export const expectedOf = <Value>(_row: Difference, expected: { readonly here: Value; readonly real: Value }): Value =>
  isReal ? expected.real : expected.here;
