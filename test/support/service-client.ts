import { expect, vi } from "vitest";

/** What tests ask a running service, as `curl` would. */
export interface ServiceClient {
  /** The JSON of an answer, whatever its status. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ readonly status: number; readonly body: Answer; readonly headers: Headers }>;
  /** Asks for a restore or an undo, which must be taken on; the operation's id. */
  readonly begin: (path: string, properties?: Readonly<Record<string, unknown>>) => Promise<string>;
  /** Every backup of the site, as the list shows them. */
  readonly backups: () => Promise<readonly ListedBackup[]>;
  /** The backup of this id once it has come to its end, a good one or not. */
  readonly ended: (backup: number) => Promise<ListedBackup>;
  /** The same of a restore or an undo. */
  readonly operationEnded: (id: string) => Promise<Ended>;
}

/** What tells how something ended. */
export interface Ended {
  readonly status: string;
  readonly log: string;
}

/** JSON that a test looks into; a wrong guess shows as a failed expectation. */
export interface Answer {
  readonly [name: string]: Answer & string & number;
}

export interface ListedBackup {
  readonly id: number;
  readonly status: string;
  readonly blobName: string;
  readonly log: string;
}

export const siteFolder = (name: string): string =>
  `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Web/sites/${name}`;

/** `path` is below the site's resource. */
export const serviceClient = (url: string, headers: Readonly<Record<string, string>>, site: string): ServiceClient => {
  const ask: ServiceClient["ask"] = async (method, path, body) => {
    const answer = await fetch(`${url}${siteFolder(site)}${path}?api-version=2024-11-01`, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    // Safe in tests: what is not as guessed fails the expectation that reads it.
    return { status: answer.status, body: (text === "" ? {} : JSON.parse(text)) as Answer, headers: answer.headers };
  };
  const backups = async (): Promise<readonly ListedBackup[]> => {
    const { body } = await ask("GET", "/backups");
    // Safe, as above.
    return (body["value"] as unknown as readonly { readonly properties: ListedBackup }[]).map(
      ({ properties }) => properties,
    );
  };
  const begin: ServiceClient["begin"] = async (path, properties) => {
    const { status, body, headers } = await ask("POST", path, properties === undefined ? undefined : { properties });
    expect(status, JSON.stringify(body)).toBe(202);
    return /operationresults\/([^?]+)/.exec(headers.get("location") ?? "")?.[1] ?? expect.unreachable("no location");
  };
  return {
    ask,
    begin,
    backups,
    ended: (id) => untilEnded(`backup ${id}`, async () => (await backups()).find((one) => one.id === id)),
    operationEnded: (id) =>
      untilEnded(
        `operation ${id}`,
        // Safe, as above.
        async () => (await ask("GET", `/operations/${id}`)).body["properties"] as unknown as Ended | undefined,
      ),
  };
};

const isOpen = /^(?:not there|Created|InProgress)$/;

/** Also in hooks, where `expect.poll` may not be called. */
const untilEnded = <Found extends Ended>(what: string, find: () => Promise<Found | undefined>): Promise<Found> =>
  vi.waitFor(
    async () => {
      const found = await find();
      expect(found?.status ?? "not there", what).not.toMatch(isOpen);
      return found ?? expect.unreachable(what);
    },
    { timeout: 120_000, interval: 25 },
  );
