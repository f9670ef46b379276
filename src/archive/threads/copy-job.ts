import { closeSync, constants, openSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { LocalObject, LocalRoom } from "../../ports/destination.ts";
import { storedCrcBehindHead } from "./copied-head.ts";
import { combinedCrc } from "../content/crc-combine.ts";
import { fromSystem, readFully, withLocalObject, type SystemFailure } from "./local-object.ts";
import { writeFully } from "./write-new-file.ts";

/** Stretches of one file of this machine, to be put into another one behind the other. */
export interface CopyJob {
  readonly source: LocalObject;
  readonly room: LocalRoom;
  /** Where each stretch begins, and its length: at most `stretchBytes`. */
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
  /** Bytes of the local header at the start of each; 0 where an entry goes on. */
  readonly heads: Uint32Array;
  /** Directory records of the entries that begin here, one behind the other, and where in them each ends. */
  readonly records: Uint8Array;
  readonly recordEnds: Uint32Array;
}

export type CopyResult =
  | {
      /** Of all that was written. */
      readonly crc: number;
      /** Of each stretch behind its head, */
      readonly crcs: Uint32Array;
      /** and what the directory says of each entry that begins here. */
      readonly storedCrcs: Uint32Array;
    }
  /** The source is another file by now, cannot be read, or has another head somewhere: what was written is worth nothing. */
  | { readonly bad: "source" }
  /** The system's own code of the error, which no error keeps on its way to another thread. */
  | { readonly bad: "room"; readonly code: string; readonly message: string };

/** What is read, checked and written at a time: it stays in the processor's cache for all three. */
export const stretchBytes = 2 ** 20;

/** One a thread. */
let buffer: Buffer | undefined;

const forWriting = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

export const runCopyJob = (job: CopyJob): CopyResult =>
  withLocalObject(job.source, (source) => {
    const room = fromSystem(() => openSync(job.room.path, forWriting));
    if ("failure" in room) return badRoom(room.failure);
    try {
      return copyStretches(job, { source, room: room.value });
    } finally {
      closeSync(room.value);
    }
  }) ?? badSource;

const badSource = { bad: "source" } as const;
const badRoom = ({ code, message }: SystemFailure): CopyResult => ({ bad: "room", code, message });

const copyStretches = (
  job: CopyJob,
  { source, room }: { readonly source: number; readonly room: number },
): CopyResult => {
  const { starts, lengths } = job;
  buffer ??= Buffer.allocUnsafeSlow(stretchBytes);
  const crcs = new Uint32Array(starts.length);
  const storedCrcs = new Uint32Array(job.recordEnds.length);
  const records = Buffer.from(job.records.buffer, job.records.byteOffset, job.records.length);
  let begun = 0;
  let crc = 0;
  let at = job.room.offset;
  for (let first = 0; first < starts.length;) {
    const { end, length } = readTogether(job, first);
    const bytes = buffer.subarray(0, length);
    if (!readFully(source, bytes, starts[first] ?? 0)) return badSource;
    for (let inBuffer = 0; first < end; first++) {
      const stretch = bytes.subarray(inBuffer, inBuffer + (lengths[first] ?? 0));
      const headBytes = job.heads[first] ?? 0;
      if (headBytes > 0) {
        const record = { from: begun === 0 ? 0 : (job.recordEnds[begun - 1] ?? 0), to: job.recordEnds[begun] ?? 0 };
        const told = storedCrcBehindHead(records, record, stretch);
        if (told === undefined) return badSource;
        storedCrcs[begun++] = told;
      }
      const stored = crc32(stretch.subarray(headBytes));
      crcs[first] = stored;
      crc = combinedCrc(crc32(stretch.subarray(0, headBytes), crc), stored, stretch.length - headBytes);
      inBuffer += stretch.length;
    }
    const written = fromSystem(() => writeFully(room, bytes, at));
    if ("failure" in written) return badRoom(written.failure);
    at += length;
  }
  return { crc, crcs, storedCrcs };
};

/** As many stretches from here on as lie end to end and fit into the buffer. */
const readTogether = (
  { starts, lengths }: CopyJob,
  first: number,
): { readonly end: number; readonly length: number } => {
  const start = starts[first] ?? 0;
  let length = lengths[first] ?? 0;
  let end = first + 1;
  for (; end < starts.length && starts[end] === start + length; end++) {
    const longer = length + (lengths[end] ?? 0);
    if (longer > stretchBytes) break;
    length = longer;
  }
  return { end, length };
};
