import { Worker } from "node:worker_threads";
import type { ReadJobs, ReadKind, ReadResults, ReadRunner } from "./read-runner.ts";

type AnyResult = ReadResults[ReadKind];

interface Waiting {
  readonly kind: ReadKind;
  readonly job: ReadJobs[ReadKind];
  readonly resolve: (result: AnyResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread answers. */
type Answer = { readonly result: AnyResult } | { readonly error: unknown };

interface Thread {
  readonly worker: Worker;
  /** In the order in which it will answer. */
  readonly given: Waiting[];
}

/** The next job lies ready at a thread before it has finished the one before. */
const jobsAhead = 2;

/** Threads that inflate, check, hash and write. They start with the first jobs, and do not keep the process alive. */
export class ReadPool implements ReadRunner {
  readonly threads: number;
  readonly #script: URL;
  readonly #all: Thread[] = [];
  readonly #queue: Waiting[] = [];
  #closed = false;

  /** `script` is the bundle of read-worker.ts. */
  constructor(options: { readonly threads: number; readonly script: URL }) {
    this.threads = options.threads;
    this.#script = options.script;
  }

  run<Kind extends ReadKind>(kind: Kind, job: ReadJobs[Kind]): Promise<ReadResults[Kind]> {
    if (this.#closed) return Promise.reject(new Error("The reading threads have been closed."));
    const answer = new Promise<AnyResult>((resolve, reject) => {
      this.#queue.push({ kind, job, resolve, reject });
    });
    this.#startWaiting();
    // The cast is safe: a thread answers with the result of the job's kind.
    return answer as Promise<ReadResults[Kind]>;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#all.map(({ worker }) => worker.terminate()));
  }

  #startWaiting(): void {
    for (;;) {
      const next = this.#queue[0];
      const thread = next && this.#freeThread();
      if (next === undefined || thread === undefined) return;
      this.#queue.shift();
      thread.given.push(next);
      thread.worker.ref();
      const { kind, job } = next;
      thread.worker.postMessage({ kind, job }, buffersOf(job));
    }
  }

  /** An idle thread, or a new one, or the one that has least to do. */
  #freeThread(): Thread | undefined {
    const idle = this.#all.find(({ given }) => given.length === 0);
    if (idle) return idle;
    if (this.#all.length < this.threads) return this.#newThread();
    return this.#all.find(({ given }) => given.length < jobsAhead);
  }

  #newThread(): Thread {
    const worker = new Worker(this.#script);
    const thread: Thread = { worker, given: [] };
    worker.on("message", (answer: Answer) => this.#ended(thread, answer));
    worker.on("error", (error) => this.#died(thread, error));
    worker.on("exit", (code) => this.#died(thread, new Error(`A reading thread ended by itself (code ${code}).`)));
    this.#all.push(thread);
    return thread;
  }

  #ended(thread: Thread, answer: Answer): void {
    const done = thread.given.shift();
    if (thread.given.length === 0) thread.worker.unref();
    if (done && "error" in answer) done.reject(answer.error);
    else if (done && "result" in answer) done.resolve(answer.result);
    this.#startWaiting();
  }

  /** Its jobs fail; the next job starts another thread. */
  #died(thread: Thread, error: unknown): void {
    const index = this.#all.indexOf(thread);
    if (index >= 0) this.#all.splice(index, 1);
    const failed = [...thread.given.splice(0), ...(this.#closed ? this.#queue.splice(0) : [])];
    for (const waiting of failed) waiting.reject(error);
    this.#startWaiting();
  }
}

/** They travel instead of being copied. */
const buffersOf = (job: ReadJobs[ReadKind]): ArrayBuffer[] => {
  if (!("bytes" in job)) return [];
  return "facts" in job ? [job.bytes.buffer, job.facts.buffer, job.hashes.buffer] : [job.bytes.buffer];
};
