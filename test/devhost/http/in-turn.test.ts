import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { inTurn } from "../../../src/devhost/http/in-turn.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Safe: the server listens on a port. */
const portOf = (listening: Server | undefined): number => (listening?.address() as AddressInfo | undefined)?.port ?? 0;

interface Asked {
  readonly url: string;
  readonly response: ServerResponse;
}

/** A server that answers nothing by itself. */
const open = async (): Promise<{ readonly asked: Asked[]; readonly client: Socket }> => {
  const asked: Asked[] = [];
  const keep = (request: IncomingMessage, response: ServerResponse) =>
    void asked.push({ url: request.url ?? "", response });
  server = createServer(inTurn(keep)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(portOf(server), "127.0.0.1").on("error", () => undefined);
  return { asked, client };
};

const requests = (...paths: readonly string[]): string =>
  paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`).join("");

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

/** Whatever was sent before this was asked has been read by the server. */
const roundTrip = async (): Promise<void> => {
  const other = connect(portOf(server), "127.0.0.1");
  other.write("no request\r\n\r\n");
  await once(other.resume(), "close");
};

it("requests that are sent ahead are handled one after the other", async () => {
  const { asked, client } = await open();
  client.write(requests("/1", "/2", "/3"));
  for (const turn of [1, 2, 3]) {
    await until(() => asked.length === turn);
    await roundTrip();
    expect(asked.map(({ url }) => url)).toEqual(["/1", "/2", "/3"].slice(0, turn));
    asked[turn - 1]?.response.end(`answer ${turn}`);
  }
  let received = "";
  client.on("data", (bytes) => (received += String(bytes)));
  await until(() => received.includes("answer 3"));
  expect(received.match(/answer \d/g)).toEqual(["answer 1", "answer 2", "answer 3"]);
});

it("what a client sent ahead is not begun once it has gone", async () => {
  const { asked, client } = await open();
  client.write(requests("/1", "/2", "/3"));
  await until(() => asked.length === 1);
  const gone = new Promise((resolve) => asked[0]?.response.once("close", resolve));
  client.destroy();
  await gone;
  await roundTrip();
  expect(asked.map(({ url }) => url)).toEqual(["/1"]);
});

it("a client that sends a great many requests ahead is cut off", async () => {
  const { asked, client } = await open();
  const closed = new Promise((resolve) => client.once("close", resolve));
  client.write(requests(...Array<string>(1_000).fill("/")));
  await closed;
  expect(asked.length).toBe(1);
});
