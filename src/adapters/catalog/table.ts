import { randomUUID } from "node:crypto";
import type { TableClient, TableServiceClientOptions } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { Secret } from "../../domain/secret.ts";
import { isStoreFailure, StoreFailure } from "../../domain/store-failure.ts";
import type { Catalog, KeyRange, Row, RowChange, RowValue } from "../../ports/catalog.ts";
import { checkedChanges, checkName, interval, type TextChange } from "./rows.ts";
import { toAction, toRow, type Entity } from "./table-entity.ts";
import { removalEtagsPolicy, withRemovalEtags } from "./table-removals.ts";
import { answerOf, defaultRequestOptions, type Refused, type RequestOptions } from "./table-requests.ts";

interface TableCatalogOptions {
  readonly connection: Secret | { readonly endpoint: string; readonly credential: TokenCredential };
  /** 3 to 63 letters and digits; made on first use. */
  readonly table: string;
  readonly requests?: RequestOptions;
}

/** The SDK is loaded here, so that one machine does without it. Nothing is contacted yet. */
export const openTableCatalog = async (options: TableCatalogOptions): Promise<Catalog> => {
  const { TableClient } = await import("@azure/data-tables");
  const { connection, table } = options;
  // Retries are ours (table-requests.ts): only then is it known whether an answer was lost.
  const settings: TableServiceClientOptions = {
    retryOptions: { maxRetries: 0 },
    allowInsecureConnection: true,
    additionalPolicies: [removalEtagsPolicy],
  };
  const client =
    "endpoint" in connection
      ? new TableClient(connection.endpoint, table, connection.credential, settings)
      : byConnectionString(() => TableClient.fromConnectionString(connection.reveal(), table, settings));
  const { protocol, hostname, host } = new URL(client.url);
  if (protocol !== "https:" && !["127.0.0.1", "localhost", "[::1]"].includes(hostname))
    throw new StoreFailure("Invalid", `The catalog's table at ${host} must be reached by https.`);
  return new TableCatalog(client, `Table ${table} at ${host}`, options.requests ?? defaultRequestOptions);
};

/** What the SDK says about a connection string may hold parts of it. */
const byConnectionString = (make: () => TableClient): TableClient => {
  try {
    return make();
  } catch {
    throw new StoreFailure(
      "Invalid",
      "The catalog's connection string cannot be read. Expected AccountName, AccountKey and EndpointSuffix, or TableEndpoint and SharedAccessSignature, as the portal shows it.",
    );
  }
};

const pageSize = 1000;

class TableCatalog implements Catalog {
  readonly #client: TableClient;
  readonly #store: string;
  readonly #requests: RequestOptions;
  #table: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(client: TableClient, store: string, requests: RequestOptions) {
    this.#client = client;
    this.#store = store;
    this.#requests = requests;
  }

  async get(partition: string, key: string): Promise<Row | undefined> {
    this.#check(partition);
    checkName("key", key);
    const entity = await this.#entity(partition, key);
    return entity && toRow(entity);
  }

  async list(partition: string, range: KeyRange = {}): Promise<readonly Row[]> {
    this.#check(partition);
    const { limit = Infinity } = range;
    const filter = filterOf(partition, range);
    const rows: Row[] = [];
    let next: string | undefined;
    while (rows.length < limit) {
      const page = await this.#page(filter, Math.min(pageSize, limit - rows.length), next);
      rows.push(...page.map(toRow));
      next = page.continuationToken;
      if (next === undefined) break;
    }
    return rows;
  }

  async write(partition: string, changes: readonly RowChange[]): Promise<boolean> {
    this.#check(partition);
    const batch = randomUUID();
    let rest = checkedChanges(partition, changes);
    let mayBeDone = false;
    while (rest.length > 0) {
      const refused = await this.#submit(partition, rest, batch);
      if (refused === undefined) return true;
      mayBeDone ||= refused.mayBeDone;
      // An entity that is gone cannot be deleted, not even without a condition; the port says that is no error.
      const present = refused.refusedWith === 404 ? await this.#withoutRemoved(partition, rest) : rest;
      if (present.length === rest.length) return mayBeDone && this.#wasDone(partition, rest, batch);
      rest = present;
    }
    return true;
  }

  async writeNews(
    partition: string,
    { key, value }: { readonly key: string; readonly value: RowValue },
  ): Promise<void> {
    await this.write(partition, [{ kind: "put", key, value }]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #submit(partition: string, changes: readonly TextChange[], batch: string): Promise<Refused | undefined> {
    const actions = changes.map((change) => toAction(partition, change, batch));
    const etags = changes.flatMap((change) => (change.kind === "remove" ? [change.version ?? "*"] : []));
    const outcome = await this.#ask((abortSignal) =>
      withRemovalEtags(etags, () => this.#client.submitTransaction(actions, { abortSignal })),
    );
    if (!("answer" in outcome)) return outcome;
    const { subResponses } = outcome.answer;
    if (subResponses.length !== actions.length || subResponses.some(({ status }) => status >= 300))
      throw new StoreFailure("Unavailable", `${this.#store} answered a write in a way that does not say it was done.`);
    return undefined;
  }

  /** After a lost answer and a refusal: whether the batch went through. Throws when nothing can tell any more. */
  async #wasDone(partition: string, changes: readonly TextChange[], batch: string): Promise<boolean> {
    const entities = await Promise.all(changes.map((change) => this.#entity(partition, change.key)));
    if (entities.some((entity) => entity?.["batch"] === batch)) return true;
    const isUntouched = changes.some(
      (change, index) =>
        "version" in change && change.version !== undefined && entities[index]?.etag === change.version,
    );
    if (isUntouched) return false;
    throw new StoreFailure(
      "Unavailable",
      `${this.#store} gave no answer to a write, and others have changed its rows since: whether it was done cannot be told.`,
    );
  }

  async #withoutRemoved(partition: string, changes: readonly TextChange[]): Promise<readonly TextChange[]> {
    const isPresent = await Promise.all(
      changes.map(async (change) => {
        if (change.kind !== "remove" || change.version !== undefined) return true;
        return (await this.#entity(partition, change.key)) !== undefined;
      }),
    );
    return changes.filter((_, index) => isPresent[index]);
  }

  async #entity(partition: string, key: string): Promise<Entity | undefined> {
    const outcome = await this.#ask((abortSignal) => this.#client.getEntity(partition, key, { abortSignal }));
    return "answer" in outcome ? outcome.answer : undefined;
  }

  async #page(filter: string, maxPageSize: number, continuationToken: string | undefined): Promise<Page> {
    const from = continuationToken === undefined ? {} : { continuationToken };
    const outcome = await this.#ask(async (abortSignal) => {
      const pages = this.#client.listEntities({ queryOptions: { filter }, abortSignal });
      for await (const page of pages.byPage({ maxPageSize, ...from })) return page;
      return [];
    });
    return "answer" in outcome ? outcome.answer : [];
  }

  async #ask<Answer>(send: (signal: AbortSignal) => Promise<Answer>): Promise<{ readonly answer: Answer } | Refused> {
    this.#table ??= this.#makeTable();
    await this.#table;
    return answerOf(this.#store, this.#requests, send);
  }

  #check(partition: string): void {
    if (this.#isClosed) throw new StoreFailure("Unavailable", `${this.#store}: the catalog is closed.`);
    checkName("partition", partition);
  }

  async #makeTable(): Promise<void> {
    try {
      // Refused: it exists.
      await answerOf(this.#store, this.#requests, (abortSignal) => this.#client.createTable({ abortSignal }));
    } catch (error) {
      // Whoever may only use the table cannot make it; whether it is there will show.
      if (isStoreFailure(error, "AccessDenied")) return;
      this.#table = undefined;
      throw error;
    }
  }
}

type Page = readonly Entity[] & { readonly continuationToken?: string };

const filterOf = (partition: string, range: KeyRange): string => {
  const { from, before } = interval(range);
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const lower = from === "" ? "" : ` and RowKey ge ${quoted(from)}`;
  const upper = before === undefined ? "" : ` and RowKey lt ${quoted(before)}`;
  return `PartitionKey eq ${quoted(partition)}${lower}${upper}`;
};
