import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Server } from "./servers.ts";

const connections = 10;

/** The whole of an answer is known by its length or by its last chunk; nothing follows it before the next request. */
const isWhole = (answer: string): boolean => {
  const head = answer.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, head))?.[1];
  return length === undefined ? answer.endsWith("\r\n0\r\n\r\n") : answer.length >= head + 4 + Number(length);
};

/** Sends one request after the other on its connection until the time is over; tells how many were answered. */
const repeat = (socket: Socket, request: string, until: number): Promise<number> =>
  new Promise((resolve, reject) => {
    let answered = 0;
    let answer = "";
    socket.once("error", reject).setEncoding("latin1");
    socket.on("data", (part: string) => {
      answer += part;
      if (!isWhole(answer)) return;
      if (!answer.startsWith("HTTP/1.1 200")) return reject(new Error(`Not the expected answer: ${answer}`));
      answered++;
      answer = "";
      if (performance.now() < until) socket.write(request);
      else resolve(answered);
    });
    socket.write(request);
  });

interface RequestRate {
  readonly perSecond: number;
  /** What one costs the server: steadier than the rate where others use the machine too. */
  readonly cpuMicroseconds: number;
}

/** Requests on ten kept connections. Plain sockets: an HTTP client would cost more than what is measured. */
export const requestRate = async (server: Server, path: string, milliseconds: number): Promise<RequestRate> => {
  const { hostname, port, pathname, host } = new URL(path, server.url);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const sockets = Array.from({ length: connections }, () => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const usedBefore = await server.cpuMicroseconds();
  const begin = performance.now();
  const counts = await Promise.all(sockets.map((socket) => repeat(socket, request, begin + milliseconds)));
  const seconds = (performance.now() - begin) / 1000;
  const used = (await server.cpuMicroseconds()) - usedBefore;
  for (const socket of sockets) socket.destroy();
  const answered = counts.reduce((sum, one) => sum + one, 0);
  return { perSecond: answered / seconds, cpuMicroseconds: used / answered };
};
