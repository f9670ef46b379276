import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isCloudDatabaseHost } from "../../domain/connections/connection-string.ts";
import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../domain/database.ts";
import type { DatabaseTool } from "../../ports/database-tool.ts";
import { addressKind } from "../outgoing/address-kind.ts";

type Resolve = (host: string) => Promise<readonly string[]>;

const addressesOf: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * The tool, which does not start for what a caller's connection string must not lead to: addresses where clouds keep their
 * machines' secrets (servers of this machine and of private networks are where databases are), and Lifeboat's own token to
 * a server that is not the cloud's. Vendors' tools look names up by themselves: a name that changes between this look and
 * theirs is theirs to reach, with a protocol that no such address speaks.
 */
export const reachableTool = (tool: DatabaseTool, resolve: Resolve = addressesOf): DatabaseTool => {
  const look = (connection: DatabaseConnection): Promise<void> => checkReach(connection, resolve);
  return {
    engine: tool.engine,
    ...(tool.dumpsFromCopy === undefined ? {} : { dumpsFromCopy: tool.dumpsFromCopy }),
    async check(connection, purpose, signal) {
      await look(connection);
      return tool.check(connection, purpose, signal);
    },
    async *dump(connection, work) {
      await look(connection);
      yield* tool.dump(connection, work);
    },
    async load(connection, work) {
      await look(connection);
      return tool.load(connection, work);
    },
    async switchIn(connection, exchanged) {
      await look(connection);
      return tool.switchIn(connection, exchanged);
    },
    async switchBack(connection, exchanged) {
      await look(connection);
      return tool.switchBack(connection, exchanged);
    },
    async drop(connection, name) {
      await look(connection);
      return tool.drop(connection, name);
    },
    async listOwn(connection) {
      await look(connection);
      return tool.listOwn(connection);
    },
  };
};

const checkReach = async (connection: DatabaseConnection, resolve: Resolve): Promise<void> => {
  const hosts = [connection, ...connection.others].map(({ host }) => host);
  const stranger = connection.signIn === "token" ? hosts.find((host) => !isCloudDatabaseHost(host)) : undefined;
  if (stranger !== undefined)
    throw new DatabaseFailure(
      "LoginRefused",
      `${databaseLabel(connection)} is not logged in to: Lifeboat's own identity shows its token to Azure's database servers alone. Use a user and a password.`,
    );
  for (const host of hosts)
    if (await isForbidden(host, resolve))
      throw new DatabaseFailure(
        "Unreachable",
        `${databaseLabel(connection)} is not asked: its address is a link-local or reserved one, where no database may be. Name another.`,
      );
};

const isForbidden = async (host: string, resolve: Resolve): Promise<boolean> => {
  // A local socket, which has no address.
  if (host.startsWith("/")) return false;
  if (isIP(host) !== 0) return addressKind(host) === "forbidden";
  // That a name leads nowhere is for the tool to say.
  const addresses = await resolve(host).catch((): readonly string[] => []);
  return addresses.some((address) => addressKind(address) === "forbidden");
};
