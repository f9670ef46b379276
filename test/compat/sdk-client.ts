import { readFileSync } from "node:fs";
import { globalAgent } from "node:https";
import { subscription, type ArmClientOptions } from "./arm-client.ts";

interface SdkOptions extends ArmClientOptions {
  /** Asks for pages of so many items where it lists. */
  readonly top?: number;
}

/** What answers hold that the story looks at; a wrong guess shows as a failed expectation. */
export interface SdkItem {
  readonly [name: string]: SdkItem & string & number & Date;
}

/** A site, or one of its slots. */
export interface Place {
  readonly name: string;
  readonly slot?: string;
}

/** One major version of @azure/arm-appservice, its habits smoothed over and nothing else. */
export interface SdkClient {
  /** 5 to 9, of the older generation of Azure's libraries. */
  readonly isEarly: boolean;
  /** Whether this major has the operation at all. */
  readonly has: (operation: string, group?: string) => boolean;
  /** An operation of `webApps` by the name that all majors give it. */
  readonly call: (operation: string, place: Place, ...values: readonly (string | object)[]) => Promise<SdkItem>;
  /** One that answers pages: all of them. */
  readonly list: (operation: string, place: Place) => Promise<readonly SdkItem[]>;
  /** One that takes its time, to its end. */
  readonly wait: (operation: string, place: Place, ...values: readonly (string | object)[]) => Promise<void>;
  /** One of no site: `webApps.list`, `deletedWebApps.listByLocation`. */
  readonly listAll: (group: string, operation: string, ...values: readonly string[]) => Promise<readonly SdkItem[]>;
}

const resourceGroup = "local";

type Call = (...values: readonly unknown[]) => unknown;
type Operations = Readonly<Record<string, Call>>;

/** What differs between the generations of the SDK. */
interface Generation {
  readonly client: object;
  readonly isEarly: boolean;
  readonly items: (answer: unknown, operations: Operations, name: string) => Promise<readonly SdkItem[]>;
  readonly waited: (operations: Operations, name: string, values: readonly unknown[]) => Promise<unknown>;
}

/** 5 to 9: pages are arrays with the way to the next one, and what takes its time is one promise. */
const early = (client: object): Generation => ({
  client,
  isEarly: true,
  items: async (answer, operations, name) => {
    // As their typings say.
    let page = (await answer) as readonly SdkItem[] & { readonly nextLink?: string };
    const all = [...page];
    while (typeof page.nextLink === "string" && page.nextLink !== "") {
      page = (await operations[`${name}Next`]?.(page.nextLink)) as typeof page;
      all.push(...page);
    }
    return all;
  },
  waited: async (operations, name, values) => operations[name]?.(...values),
});

/** 10 and newer: iterators and pollers. */
const modern = (client: object, waited: Generation["waited"]): Generation => ({
  client,
  isEarly: false,
  items: async (answer) => {
    const all: SdkItem[] = [];
    for await (const item of answer as AsyncIterable<SdkItem>) all.push(item);
    return all;
  },
  waited,
});

const beginAndWait: Generation["waited"] = async (operations, name, values) =>
  operations[`begin${name.charAt(0).toUpperCase()}${name.slice(1)}AndWait`]?.(...values);

const pollUntilDone: Generation["waited"] = async (operations, name, values) =>
  (operations[name]?.(...values) as { readonly pollUntilDone: () => Promise<unknown> } | undefined)?.pollUntilDone();

/**
 * 5 to 9 take any object that signs. They do not look at Retry-After: their own wait, if none is given, is 30 seconds. They know no certificates but Node's own, so those of this process are added to.
 */
const earlyOptions = ({ endpoint, authorityFile, secret, top }: SdkOptions) => {
  globalAgent.options.ca = readFileSync(authorityFile, "utf8");
  const credentials = {
    signRequest: async <Request extends { url: string; readonly headers: { set(name: string, value: string): void } }>(
      request: Request,
    ): Promise<Request> => {
      request.headers.set("authorization", `Bearer ${secret}`);
      request.url = inPages(request.url, top);
      return request;
    },
  };
  return { credentials, options: { baseUri: endpoint, noRetryPolicy: true, longRunningOperationRetryTimeout: 1 } };
};

/** Only the first page is asked for so: the service's own link leads to the others. */
const inPages = (url: string, top: number | undefined): string =>
  top === undefined || url.includes("$skipToken") || !/backups\?/i.test(url) ? url : `${url}&$top=${top}`;

const modernOptions = ({ endpoint, authorityFile, secret, top }: SdkOptions) => {
  const tlsSettings = { ca: readFileSync(authorityFile, "utf8") };
  interface Request {
    url: string;
    tlsSettings?: { readonly ca: string };
  }
  const policy = {
    name: "trust",
    sendRequest: async <Answer>(request: Request, next: (request: Request) => Promise<Answer>): Promise<Answer> => {
      request.tlsSettings = tlsSettings;
      request.url = inPages(request.url, top);
      return next(request);
    },
  };
  const credentials = { getToken: async () => ({ token: secret, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  return {
    credentials,
    options: { endpoint, retryOptions: { maxRetries: 0 }, additionalPolicies: [{ position: "perCall", policy }] },
  };
};

type Constructor = new (credentials: object, subscription: string, options: object) => object;

/** The majors by number. Their typings are of five generations; what they are given is tried, not compiled. */
export const majors: Readonly<Record<number, (given: SdkOptions) => Promise<SdkClient>>> = {
  5: async (given) =>
    opened(early(made((await import("arm-appservice-5")).WebSiteManagementClient, earlyOptions(given)))),
  9: async (given) =>
    opened(early(made((await import("arm-appservice-9")).WebSiteManagementClient, earlyOptions(given)))),
  10: async (given) =>
    opened(
      modern(made((await import("arm-appservice-10")).WebSiteManagementClient, modernOptions(given)), beginAndWait),
    ),
  15: async (given) =>
    opened(
      modern(made((await import("arm-appservice-15")).WebSiteManagementClient, modernOptions(given)), beginAndWait),
    ),
  19: async (given) =>
    opened(
      modern(
        made((await import("@azure/arm-appservice")).WebSiteManagementClient, modernOptions(given)),
        pollUntilDone,
      ),
    ),
};

const made = (type: unknown, { credentials, options }: { readonly credentials: object; readonly options: object }) =>
  new (type as Constructor)(credentials, subscription, options);

const opened = ({ client, isEarly, items, waited }: Generation): SdkClient => {
  const group = (name: string): Operations => (client as Readonly<Record<string, Operations>>)[name] ?? {};
  const webApps = group("webApps");
  const named = (operation: string, { slot }: Place): string => (slot === undefined ? operation : `${operation}Slot`);
  const arranged = ({ name, slot }: Place, values: readonly (string | object)[]): readonly unknown[] => {
    if (slot === undefined) return [resourceGroup, name, ...values];
    const ids = values.filter((value) => typeof value === "string");
    const bodies = values.filter((value) => typeof value !== "string");
    return [resourceGroup, name, ...ids, ...(isEarly ? [...bodies, slot] : [slot, ...bodies])];
  };
  const invoke = (name: string, values: readonly unknown[]): unknown => {
    const operation = webApps[name];
    if (operation === undefined) throw new Error(`This major has no ${name}.`);
    return operation.apply(webApps, [...values]);
  };
  return {
    isEarly,
    has: (operation, of = "webApps") => {
      const operations = group(of);
      const begin = `begin${operation.charAt(0).toUpperCase()}${operation.slice(1)}`;
      return operations[operation] !== undefined || operations[begin] !== undefined;
    },
    call: async (operation, place, ...values) =>
      (await invoke(named(operation, place), arranged(place, values))) as SdkItem,
    list: async (operation, place) => {
      const name = named(operation, place);
      return items(invoke(name, arranged(place, [])), webApps, name);
    },
    wait: async (operation, place, ...values) =>
      void (await waited(webApps, named(operation, place), arranged(place, values))),
    listAll: async (of, operation, ...values) => {
      const operations = group(of);
      if (operations[operation] === undefined) throw new Error(`This major has no ${operation} of ${of}.`);
      return items(operations[operation](...values), operations, operation);
    },
  };
};
