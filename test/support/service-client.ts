/** What tests ask a running service, as `curl` would. */
export interface ServiceClient {
  /** The JSON of an answer, whatever its status. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ readonly status: number; readonly body: Answer; readonly headers: Headers }>;
  /** Every backup of the site, as the list shows them. */
  readonly backups: () => Promise<readonly ListedBackup[]>;
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
  return {
    ask,
    backups: async () => {
      const { body } = await ask("GET", "/backups");
      // Safe, as above.
      return (body["value"] as unknown as readonly { readonly properties: ListedBackup }[]).map(
        ({ properties }) => properties,
      );
    },
  };
};
