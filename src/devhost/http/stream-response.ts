import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { cut } from "./cut.ts";
import type { PlainAnswer } from "./plain-answer.ts";

const invocationIdHeader = "x-ms-invocation-id";

/**
 * What the app's library writes an answer to, in place of the response of its inner server. The first answer wins:
 * once the host has answered in the app's stead, the rest is dropped.
 */
export class StreamResponse {
  readonly #response: ServerResponse;
  readonly #isHead: boolean;
  #declaredBytes: number | undefined;
  #writtenBytes = 0;
  #closed = false;
  readonly invocationId: string;

  constructor(request: IncomingMessage, response: ServerResponse, invocationId: string) {
    this.#response = response;
    this.#isHead = request.method === "HEAD";
    this.invocationId = invocationId;
  }

  set statusCode(status: number) {
    if (!this.#closed) this.#response.statusCode = status;
  }

  setHeader(name: string, value: string | readonly string[]): void {
    // The date is the host's to tell.
    if (this.#closed || name === "date") return;
    if (name === "content-length") this.#declaredBytes = Number(value);
    // The library knows the request by the id it was handed over with.
    this.#response.setHeader(name, name === invocationIdHeader ? this.invocationId : value);
  }

  write(chunk: string | Uint8Array): void {
    if (this.#closed) return;
    this.#writtenBytes += Buffer.byteLength(chunk);
    this.#response.write(chunk);
  }

  /** Answers without the library. */
  send({ status, headers, content }: PlainAnswer): void {
    this.statusCode = status;
    for (const [name, value] of headers) this.setHeader(name, value);
    this.setHeader(invocationIdHeader, this.invocationId);
    if (content.length > 0) this.write(content);
    this.end();
  }

  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    const isShort = this.#declaredBytes !== undefined && this.#declaredBytes !== this.#writtenBytes;
    // A body of another length than announced must not look whole to the client.
    if (isShort && this.#writtenBytes > 0 && !this.#isHead) this.#cut();
    else this.#response.end();
  }

  /** Answers in the app's stead with an empty body; cuts the connection if the app has begun to answer. */
  refuse(status: number): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#response.headersSent) return this.#cut();
    for (const name of this.#response.getHeaderNames()) this.#response.removeHeader(name);
    this.#response.writeHead(status, { "content-length": "0" }).end();
  }

  #cut(): void {
    // Without one the client has gone.
    if (this.#response.socket) cut(this.#response.socket);
  }

  /** Whether the client takes no more. */
  get isGone(): boolean {
    return this.#closed || this.#response.destroyed;
  }

  /** Resolves once the client has taken enough of what was written. */
  async drained(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.isGone) return;
    const cancel = new AbortController();
    const { signal } = cancel;
    // oxlint-disable-next-line promise/no-promise-in-callback -- whichever comes first
    await Promise.race([once(this.#response, "drain", { signal }), once(this.#response, "close", { signal })]);
    cancel.abort();
  }
}
