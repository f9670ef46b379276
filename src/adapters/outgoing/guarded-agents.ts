import { lookup } from "node:dns";
import { Agent as HttpAgent, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import { addressKind } from "./address-kind.ts";

/** Where connections may lead besides public addresses; never to a `forbidden` one. `host` is what the URL says. */
export interface Reach {
  readonly allows: (kind: "private" | "loopback", host: string) => boolean;
}

interface GuardedAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/**
 * Make connections within the reach. A name is judged by the addresses it leads to when it is looked up for the
 * connection, and one bad address is enough: whoever holds a name can let it point elsewhere after it was checked. A
 * refusal is a ForbiddenAddress, which is not worth another try.
 */
export const guardedAgents = (reach: Reach, resolve: typeof lookup = lookup): GuardedAgents => {
  const options = { keepAlive: true, lookup: guarded(reach, resolve) };
  return { http: new GuardedHttpAgent(options, reach), https: new GuardedHttpsAgent(options, reach) };
};

const isWithin = (reach: Reach, host: string, address: string): boolean => {
  const kind = addressKind(address);
  return kind === "public" || (kind !== "forbidden" && reach.allows(kind, host));
};

class ForbiddenAddress extends Error {
  readonly code = "ERR_FORBIDDEN_ADDRESS";

  constructor(host: string) {
    super(`${host} leads to an address that may not be reached: of this machine, of a private network, or link-local.`);
    this.name = "ForbiddenAddress";
  }
}

/** Looks names up as `resolve` does (dns.lookup), and refuses those that lead where they may not. */
const guarded =
  (reach: Reach, resolve: typeof lookup): LookupFunction =>
  (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 4);
      if (!addresses.every(({ address }) => isWithin(reach, host, address)))
        return callback(new ForbiddenAddress(host), "", 4);
      if (options.all === true) return callback(null, addresses);
      const first = addresses[0];
      if (first === undefined) return callback(new Error(`${host} has no address.`), "", 4);
      callback(null, first.address, first.family);
    });
  };

type Connected = (error: Error | null, stream: Duplex) => void;

/** Node looks a literal address up nowhere: it is judged when the connection is made. */
const literalProblem = (reach: Reach, { host }: ClientRequestArgs): ForbiddenAddress | undefined => {
  const literal = (host ?? "").replace(/^\[|\]$/g, "");
  return isIP(literal) !== 0 && !isWithin(reach, literal, literal) ? new ForbiddenAddress(literal) : undefined;
};

class GuardedHttpAgent extends HttpAgent {
  readonly #reach: Reach;

  constructor(options: ConstructorParameters<typeof HttpAgent>[0], reach: Reach) {
    super(options);
    this.#reach = reach;
  }

  override createConnection(options: ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    const problem = literalProblem(this.#reach, options);
    return problem ? refuseLater(problem, connected) : super.createConnection(options, connected);
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #reach: Reach;

  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], reach: Reach) {
    super(options);
    this.#reach = reach;
  }

  override createConnection(options: ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    const problem = literalProblem(this.#reach, options);
    return problem ? refuseLater(problem, connected) : super.createConnection(options, connected);
  }
}

const refuseLater = (problem: Error, connected: Connected | undefined): undefined => {
  // Safe: with an error, Node takes no stream.
  process.nextTick(() => connected?.(problem, undefined as unknown as Duplex));
  return undefined;
};
