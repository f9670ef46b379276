import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import type { DatabaseEngine } from "../database.ts";

interface HostPort {
  readonly host: string;
  readonly port?: number;
  readonly instance?: string;
}

interface WrittenHost {
  readonly engine: DatabaseEngine;
  /** For messages. */
  readonly key: string;
  readonly text: string;
}

export const portNumber = (key: string, text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new ConnectionStringInvalid(key, "its port is no number (1 to 65535).");
  return port;
};

/** One server as drivers write it: `name`, `name:port`, `[::1]:port`, `::1`, a socket's path, and SQL Server's own form. */
export const hostPort = ({ engine, key, text }: WrittenHost): HostPort => {
  if (text.startsWith("/")) return { host: text };
  const [address, instance, commaPort] = engine === "SqlServer" ? dataSource(key, text) : [text];
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(address);
  const isBareAddress = bracketed === null && (address.match(/:/g)?.length ?? 0) > 1;
  const [, host, colonPort] = isBareAddress
    ? [address, address]
    : (bracketed ?? /^([^:]*)(?::(.*))?$/.exec(address) ?? []);
  if (host === undefined || host === "" || /[\s[\]@/\\]/.test(host))
    throw new ConnectionStringInvalid(key, "it is neither a host's name nor an address.");
  const port = commaPort ?? colonPort;
  return {
    host: host === "." || host === "(local)" ? "localhost" : host,
    ...(port !== undefined && { port: portNumber(key, port.trim()) }),
    ...(instance !== undefined && { instance }),
  };
};

/** `tcp:host\instance,port`, each part but the host optional. */
const dataSource = (key: string, text: string): readonly [string, string | undefined, string | undefined] => {
  if (/^(?:np|lpc|admin|via):|^\\\\|^\(localdb\)/i.test(text))
    throw new ConnectionStringInvalid(key, "Lifeboat reaches SQL Server over TCP only: write tcp:host,port.");
  const match = /^(?:tcp:)?([^\\,]+)(?:\\([^\\,]+))?(?:,(.*))?$/i.exec(text);
  const [, host, instance, port] = match ?? [];
  if (host === undefined) throw new ConnectionStringInvalid(key, "it is not of the form host\\instance,port.");
  return [host.trim(), instance?.trim(), port];
};
