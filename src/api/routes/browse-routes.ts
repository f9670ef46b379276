import { noPath, pathText, type BytePath } from "../../domain/byte-path.ts";
import { refuse } from "../../domain/errors.ts";
import { backupArchives } from "../../operations/archives/backup-archive.ts";
import { browseBackup } from "../../operations/archives/browse-backup.ts";
import { compareBackup, type CompareWish } from "../../operations/archives/compare-backup.ts";
import { downloadBackup } from "../../operations/archives/download-backup.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackupFile, type BackupFile } from "../../operations/archives/read-backup-file.ts";
import { wantedRange } from "../byte-range.ts";
import { backupIdOf, backupNumber, limitOf, oneOf, queryOf } from "../call-values.ts";
import type { Route, RouteCall } from "../handle.ts";
import { absoluteUrl } from "../long-running.ts";
import { pathInQuery, pathQueries, pathQuery } from "../path-query.ts";
import { empty, json, type ApiResponse } from "../response.ts";
import { streamBody } from "../stream-body.ts";
import { browsedEntry, lastSegment } from "../wire/browsed-entry.ts";
import { comparedBackup } from "../wire/compared-backup.ts";
import { page } from "../wire/page.ts";

/** Own extensions: look into a backup, and take files out of it. Contents need an operator: they may hold secrets. */
export const browseRoutes = (deps: Installation): readonly Route[] => {
  const open = backupArchives(deps);
  return [
    {
      name: "browseBackup",
      method: "GET",
      path: "{site}/backups/{backupId}/files",
      role: "reader",
      handle: async (call) => browse(call, open),
    },
    {
      name: "readBackupFile",
      method: "GET",
      path: "{site}/backups/{backupId}/files/content",
      role: "operator",
      async handle(call) {
        const path = pathQuery(call, "path");
        if (path === undefined || path === "")
          throw refuse("InvalidField", { field: "path", reason: "name the file, as in ?path=site/wwwroot/index.html" });
        return answerFile(
          call,
          path,
          await readBackupFile(open)(call, call.site(), { backup: backupIdOf(call), path }),
        );
      },
    },
    {
      name: "downloadBackup",
      method: "GET",
      path: "{site}/backups/{backupId}/files/download",
      role: "operator",
      handle: async (call) => download(call, downloadBackup(deps, open)),
    },
    {
      name: "compareBackup",
      method: "GET",
      path: "{site}/backups/{backupId}/compare",
      role: "reader",
      async handle(call) {
        const wish = compareWish(call);
        return json(200, comparedBackup(wish, await compareBackup(deps, open)(call, call.site(), wish)));
      },
    },
  ];
};

const compareWish = (call: RouteCall): CompareWish => {
  const text = queryOf(call, "with") ?? "live";
  const other = text === "live" ? text : backupNumber(text);
  if (other === undefined)
    throw refuse("InvalidField", { field: "with", reason: `"${text}" is neither a backup's number nor live.` });
  return { backup: backupIdOf(call), with: other, path: pathQuery(call, "path") ?? noPath, limit: limitOf(call) };
};

const browse = async (call: RouteCall, open: ReturnType<typeof backupArchives>): Promise<ApiResponse> => {
  const folder = pathQuery(call, "path") ?? noPath;
  const [after] = pathQueries(call, "after", { keepSlashes: true });
  const wish = { backup: backupIdOf(call), folder, limit: limitOf(call), ...(after === undefined ? {} : { after }) };
  const found = await browseBackup(open)(call, call.site(), wish);
  const here = call.request.url.pathname.replace(/\/+$/, "");
  const value = found.entries.map((entry) => {
    const target = `${here}${entry.kind === "directory" ? "" : "/content"}?path=${pathInQuery(entry.path)}`;
    return browsedEntry(entry, absoluteUrl(call, target));
  });
  const next = found.next && `${here}?path=${pathInQuery(folder)}&limit=${wish.limit}&after=${pathInQuery(found.next)}`;
  return json(200, page(value, next === undefined ? null : absoluteUrl(call, next)));
};

/** Whatever a site holds, a browser must neither guess what it is nor run it in this origin. */
const harmless = { "x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'" };

const answerFile = async (call: RouteCall, path: BytePath, file: BackupFile): Promise<ApiResponse> => {
  const { hash, sizeBytes, mtimeNs } = file.entry;
  const etag = hash === undefined ? undefined : `"${Buffer.from(hash).toString("hex")}"`;
  const headers = {
    ...harmless,
    ...(etag === undefined ? {} : { etag }),
    "accept-ranges": "bytes",
    "last-modified": new Date(Number(mtimeNs / 1_000_000n)).toUTCString(),
  };
  const asks = call.request.headers;
  if (etag !== undefined && sameTag(asks.get("if-none-match"), etag)) return { status: 304, headers };
  // A weak tag may stand for other bytes, such as a proxy's packed ones.
  const mayBePart = asks.get("if-range") === null || asks.get("if-range")?.trim() === etag;
  const range = wantedRange(mayBePart ? asks.get("range") : null, sizeBytes);
  if (range.kind === "outside") return empty(416, { ...headers, "content-range": `bytes */${sizeBytes}` });
  const part = range.kind === "part" ? range : undefined;
  const { from, to } = part ?? { from: 0, to: sizeBytes };
  const told = {
    ...headers,
    "content-type": "application/octet-stream",
    "content-disposition": attachment(pathText(lastSegment(path))),
    "content-length": String(to - from),
    ...(part === undefined ? {} : { "content-range": `bytes ${from}-${to - 1}/${sizeBytes}` }),
  };
  const status = part === undefined ? 200 : 206;
  if (call.request.method === "HEAD") return { status, headers: told };
  return { status, headers: told, body: await streamBody(call, file.content(part)) };
};

const sameTag = (header: string | null, etag: string | undefined): boolean =>
  header !== null &&
  (header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag));

/** RFC 6266: an ASCII name for all, the real one in UTF-8 for those who read it. */
const attachment = (name: string): string => {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const exact = encodeURIComponent(name).replace(/['()*!]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
};

const formats = { zip: "application/zip", "tar.gz": "application/gzip" } as const;

const download = async (call: RouteCall, take: ReturnType<typeof downloadBackup>): Promise<ApiResponse> => {
  const format = oneOf(call, "format", ["zip", "tar.gz"]);
  const wish = { backup: backupIdOf(call), format, paths: pathQueries(call, "path") };
  const { backup, sizeBytes, renamed, content } = await take(call, call.site(), wish);
  const headers = {
    ...harmless,
    "content-type": formats[format],
    "content-disposition": attachment(`${backup.blobBase.replaceAll("/", "_")}.${format}`),
    ...(sizeBytes === undefined ? {} : { "content-length": String(sizeBytes) }),
    ...(renamed === 0 ? {} : { "x-lifeboat-renamed": String(renamed) }),
  };
  if (call.request.method === "HEAD") return { status: 200, headers };
  return { status: 200, headers, body: await streamBody(call, content) };
};
