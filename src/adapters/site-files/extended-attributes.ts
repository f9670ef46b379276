import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { errorCode } from "../../domain/error-code.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut } from "../../domain/listing.ts";
import { readable } from "./exchange/places.ts";
import { reasonOf } from "./file-reasons.ts";
import type { ResolvedRoot } from "./list-root.ts";

/** Written by the system for itself on each file, and again on a restored one; or a rendering of the mode. */
const systemOwn = /^(security\.(selinux|ima|evm)|trusted\.overlay\.|system\.(nfs4_acl|nfs4acl|cifs_acl|dos_attrib))/;
const accessList = /^system\.posix_acl_/;

const unquoted = (name: string): string =>
  name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const reasonFor = (attributes: readonly string[]): string => {
  const named = attributes.filter((name) => !accessList.test(name));
  const lost = [
    ...(named.length < attributes.length ? ["access list"] : []),
    ...(named.length > 0 ? [`extended attributes (${named.join(", ")})`] : []),
  ];
  return `It is in the backup without its ${lost.join(" and ")}.`;
};

const notLookedAt = "Extended attributes and access lists are not kept, and could not be looked for";

/**
 * What a backup of this directory will lack though every file is in it. Node cannot ask for extended attributes, so
 * the system's `getfattr` does; where that is missing, one line says that nobody looked.
 */
export async function* attributesNotKept(root: ResolvedRoot, signal?: AbortSignal): AsyncGenerator<LeftOut> {
  const top = root.real || "/";
  const directory = readable(top);
  const child = spawn("getfattr", ["-R", "-h", "-P", "--absolute-names", "-m", "-", "--", directory], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
    ...(signal ? { signal } : {}),
  });
  let complaint: string | undefined;
  let lacksNothing = false;
  createInterface({ input: child.stderr.setEncoding("utf8") }).on("line", (line) => {
    // Of what is gone by now a backup lacks nothing, nor on a file system that knows no attributes.
    if (/: (?:No such file or directory|Operation not supported)$/.test(line)) lacksNothing = true;
    else complaint = line;
  });
  const failure = once(child, "close").then(
    ([code]: readonly unknown[]) =>
      code === 0 || (lacksNothing && complaint === undefined)
        ? undefined
        : (complaint ?? `getfattr ended with ${String(code)}`),
    (error: unknown) => (errorCode(error) === "ENOENT" ? "getfattr is not installed" : reasonOf(error)),
  );

  let path: BytePath | undefined;
  let attributes: string[] = [];
  for await (const line of createInterface({ input: child.stdout.setEncoding("latin1"), crlfDelay: Infinity })) {
    if (line.startsWith("# file: ")) path = pathIn(root, unquoted(line.slice(8)));
    else if (line !== "" && !systemOwn.test(line)) attributes.push(line);
    else if (line === "") {
      if (path !== undefined && attributes.length > 0) yield { path, reason: reasonFor(attributes) };
      path = undefined;
      attributes = [];
    }
  }
  const failed = await failure;
  signal?.throwIfAborted();
  if (failed !== undefined) yield { path: root.at, reason: `${notLookedAt}: ${failed}.` };
}

/** Undefined for the root itself where the site has no path for it. */
const pathIn = (root: ResolvedRoot, file: string): BytePath | undefined => {
  // The casts are safe: parts of latin1 text, one character a byte.
  const inside = file.slice(root.real.length + 1) as BytePath;
  if (inside === "") return root.at === "" ? undefined : root.at;
  return root.at === "" ? inside : (`${root.at}/${inside}` as BytePath);
};
