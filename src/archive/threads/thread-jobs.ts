import { errorCode, systemCall } from "../../domain/error-code.ts";
import type { ListFoldersJob, ListFoldersResult } from "../../ports/folder-lister.ts";
import { runPackJob, type PackJobs, type PackResults } from "./pack-runner.ts";
import { runReadJob, type ReadJobs, type ReadResults } from "./read-runner.ts";

/** Everything a thread of the archive engine can be asked to do. */
export type ThreadJobs = PackJobs & ReadJobs & { readonly listFolders: ListFoldersJob };
export type ThreadResults = PackResults & ReadResults & { readonly listFolders: ListFoldersResult };
export type ThreadKind = keyof ThreadJobs;

/** What is sent to a thread, one kind at a time. */
export type ThreadRequest = {
  readonly [Kind in ThreadKind]: { readonly kind: Kind; readonly job: ThreadJobs[Kind] };
}[ThreadKind];

/** What a thread answers. An error comes as one, without what the system said besides. */
export type ThreadAnswer =
  { readonly result: ThreadResults[ThreadKind] } | { readonly error: unknown; readonly system: SystemSaid | undefined };

interface SystemSaid {
  readonly code: string;
  readonly syscall: string | undefined;
}

export const systemSaid = (error: unknown): SystemSaid | undefined => {
  const code = errorCode(error);
  return code === undefined ? undefined : { code, syscall: systemCall(error) };
};

/** How a site's folders are listed is its adapter's. */
export type ListFolders = (job: ListFoldersJob) => ListFoldersResult;

export const runThreadJob = (request: ThreadRequest, listFolders: ListFolders): ThreadResults[ThreadKind] => {
  if (request.kind === "listFolders") return listFolders(request.job);
  if (request.kind === "packFiles") return runPackJob(request.kind, request.job);
  if (request.kind === "packSlice") return runPackJob(request.kind, request.job);
  if (request.kind === "copy") return runPackJob(request.kind, request.job);
  return runReadJob(request.kind, request.job);
};

/** The buffers that a message fills alone: they travel to the other thread instead of being copied. */
export const buffersOf = (message: unknown, depth = 2): ArrayBuffer[] => {
  if (message === null || typeof message !== "object") return [];
  if (ArrayBuffer.isView(message)) {
    const { buffer, byteLength } = message;
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength > 0 ? [buffer] : [];
  }
  return depth === 0 ? [] : [...new Set(Object.values(message).flatMap((value) => buffersOf(value, depth - 1)))];
};
