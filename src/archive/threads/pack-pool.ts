import { Worker } from "node:worker_threads";
import { defaultCompression } from "../../domain/compression.ts";
import type { PackRunner } from "./pack-runner.ts";
import { buffersOf, type ThreadAnswer, type ThreadJobs, type ThreadKind, type ThreadResults } from "./thread-jobs.ts";

type AnyResult = ThreadResults[ThreadKind];

interface Waiting {
  readonly kind: ThreadKind;
  readonly job: ThreadJobs[ThreadKind];
  readonly resolve: (result: AnyResult) => void;
  readonly reject: (error: unknown) => void;
  isAbandoned: boolean;
}

interface Thread {
  readonly worker: Worker;
  /** In the order in which it will answer. */
  readonly given: Waiting[];
}

/** The next job lies ready at a thread before it has finished the one before. */
const jobsAhead = 2;
/** A job's own objects are dead with its end; more than this only makes the process larger. */
const maxYoungGenerationSizeMb = 12;

/**
 * The threads that pack and read: one pool for the process, as wide as it has cores. They start with the first jobs, and
 * do not keep the process alive. A thread that dies fails its own jobs only; the next job starts another.
 */
export class PackPool implements PackRunner {
  readonly threads: number;
  readonly level: number;
  readonly #script: URL;
  readonly #all: Thread[] = [];
  readonly #queue: Waiting[] = [];
  readonly #abandonments = new Abandonments();
  #closed = false;

  /** `script` is the bundle of worker.ts. */
  constructor(options: { readonly threads: number; readonly script: URL; readonly level?: number }) {
    this.threads = options.threads;
    this.level = options.level ?? defaultCompression;
    this.#script = options.script;
  }

  run<Kind extends ThreadKind>(kind: Kind, job: ThreadJobs[Kind], signal?: AbortSignal): Promise<ThreadResults[Kind]> {
    if (this.#closed) return Promise.reject(new Error("The archive's threads have been closed."));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const answer = new Promise<AnyResult>((resolve, reject) => {
      this.#queue.push(this.#abandonments.under(signal, { kind, job, resolve, reject, isAbandoned: false }));
    });
    this.#startWaiting();
    // The cast is safe: a thread answers with the result of the job's kind.
    return answer as Promise<ThreadResults[Kind]>;
  }

  /** Ends the threads; jobs that are not done are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = new Error("The archive's threads have been closed.");
    for (const waiting of this.#queue.splice(0)) waiting.reject(closed);
    await Promise.all(this.#all.map(({ worker }) => worker.terminate()));
  }

  #startWaiting(): void {
    for (;;) {
      while (this.#queue[0]?.isAbandoned) this.#queue.shift();
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
    const worker = new Worker(this.#script, { resourceLimits: { maxYoungGenerationSizeMb } });
    const thread: Thread = { worker, given: [] };
    worker.on("message", (answer: ThreadAnswer) => this.#ended(thread, answer));
    worker.on("error", (error) => this.#died(thread, error));
    worker.on("exit", (code) =>
      this.#died(thread, new Error(`A thread of the archive ended by itself (code ${code}).`)),
    );
    this.#all.push(thread);
    return thread;
  }

  #ended(thread: Thread, answer: ThreadAnswer): void {
    const done = thread.given.shift();
    if (thread.given.length === 0) thread.worker.unref();
    if ("error" in answer) done?.reject(whole(answer));
    else done?.resolve(answer.result);
    this.#startWaiting();
  }

  #died(thread: Thread, error: unknown): void {
    const index = this.#all.indexOf(thread);
    if (index >= 0) this.#all.splice(index, 1);
    for (const waiting of thread.given.splice(0)) waiting.reject(error);
    this.#startWaiting();
  }
}

/** As the thread had it: an error loses its code on the way. */
const whole = ({ error, system }: Extract<ThreadAnswer, { readonly error: unknown }>): unknown =>
  error instanceof Error ? Object.assign(error, system) : error;

/**
 * What waits under each signal. One listener a signal: hundreds of jobs may wait under one, and Node takes many listeners
 * for a leak.
 */
class Abandonments {
  readonly #waiting = new WeakMap<AbortSignal, Set<Waiting>>();

  /** The caller hears of an abort at once; a job that a thread has begun runs to its end, and its result is dropped. */
  under(signal: AbortSignal | undefined, waiting: Waiting): Waiting {
    if (!signal) return waiting;
    const all = this.#waiting.get(signal) ?? this.#listen(signal);
    const { resolve, reject } = waiting;
    const given: Waiting = {
      ...waiting,
      resolve: (result) => {
        all.delete(given);
        resolve(result);
      },
      reject: (error) => {
        all.delete(given);
        reject(error);
      },
    };
    all.add(given);
    return given;
  }

  #listen(signal: AbortSignal): Set<Waiting> {
    const all = new Set<Waiting>();
    this.#waiting.set(signal, all);
    const abandonAll = (): void => {
      for (const waiting of all) {
        waiting.isAbandoned = true;
        waiting.reject(signal.reason);
      }
    };
    signal.addEventListener("abort", abandonAll, { once: true });
    return all;
  }
}
