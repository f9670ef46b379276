import { posix } from "node:path";

/**
 * Which way the arrows point (docs/architecture.md): what each folder of src may import, as data.
 * A folder that is not listed may import nothing, so a new folder starts with a decision.
 */
interface Arrow {
  /** Folders or files of src whose values may be imported. Its own folder is always among them, except below `adapters`. */
  readonly sees: readonly string[];
  /** As `sees`, but only with `import type`. */
  readonly types?: readonly string[];
  /** Node's modules: all, or these. */
  readonly node?: "any" | readonly string[];
  /** Packages: all but the Functions SDKs, or these. */
  readonly packages?: "any" | readonly string[];
  readonly packageTypes?: readonly string[];
  readonly why: string;
}

const sdks = ["@azure/functions", "durable-functions"] as const;
const everything = [
  "domain",
  "ports",
  "archive",
  "manifest",
  "workflows",
  "steps",
  "operations",
  "api",
  "adapters",
  "functions",
];

export const arrows: Readonly<Record<string, Arrow>> = {
  domain: { sees: [], why: "domain is pure: it sees only domain, no package and no Node module." },
  ports: {
    sees: ["domain"],
    types: ["workflows/contract.ts"],
    why: "ports are contracts: they see only domain, and the names of workflows as types.",
  },
  archive: {
    sees: ["domain"],
    types: ["ports"],
    node: ["zlib", "crypto", "worker_threads"],
    why: "archive turns bytes into bytes: domain, ports as types, and Node's zlib, crypto and worker_threads; each of its folders sees only the folders below (archiveFloors).",
  },
  manifest: {
    sees: ["domain"],
    node: ["crypto", "buffer"],
    packages: ["fast-xml-parser"],
    why: "manifest turns a value into XML and back: domain, hashes, and the XML parser, which no other folder needs.",
  },
  workflows: {
    sees: ["domain"],
    why: "workflows replay: they see only domain and workflows, no package and no Node module.",
  },
  steps: {
    sees: ["domain", "ports", "archive", "manifest"],
    types: ["workflows/contract.ts"],
    node: ["crypto"],
    why: "steps see domain, ports, archive, manifest, the types of workflows/contract.ts, and hashes.",
  },
  operations: {
    sees: ["domain", "ports", "archive", "manifest"],
    types: ["workflows/contract.ts"],
    node: ["crypto"],
    packages: ["zod"],
    why: "operations see domain, ports, archive and manifest (to browse and discover), the types of workflows/contract.ts, hashes, and zod to parse stored rows.",
  },
  api: {
    sees: ["domain", "operations"],
    types: ["ports"],
    node: ["crypto"],
    packages: ["zod", "jose"],
    why: "api is Request -> Response: domain, operations, types of ports, hashes, and the schema and token packages.",
  },
  adapters: {
    sees: ["domain", "ports"],
    node: "any",
    packages: "any",
    why: "an adapter sees domain, ports, Node and SDKs; never another adapter's folder, never the Functions SDKs.",
  },
  functions: {
    sees: ["domain", "ports", "workflows", "steps", "operations", "api"],
    packages: sdks,
    why: "functions register: they see what is registered and the Functions SDKs, no adapter.",
  },
  devhost: {
    sees: [],
    node: "any",
    packages: ["libsql", "croner"],
    packageTypes: sdks,
    why: "devhost knows nothing of backups: it sees only devhost, Node, libsql, croner, and the Functions SDKs as types.",
  },
  cli: {
    sees: ["domain"],
    node: "any",
    packages: ["commander", "@azure/identity"],
    why: "cli is a client of the REST API: domain's words, Node, commander, and the login of Azure; nothing of the service.",
  },
  settings: {
    sees: ["domain"],
    packages: ["zod"],
    why: "settings turns the text of settings into values, nothing else.",
  },
  "config.ts": {
    sees: ["domain", "settings"],
    node: ["os", "path", "url"],
    why: "config.ts turns the environment into one typed value, nothing else.",
  },
  "archive-worker.ts": {
    sees: ["archive", "adapters"],
    why: "archive-worker.ts wires the archive's threads: it sees the archive and adapters.",
  },
  wiring: {
    sees: [...everything, "config.ts"],
    node: "any",
    packages: "any",
    why: "wiring makes ports of the configuration, for main.ts alone: it sees what main.ts sees.",
  },
  "main.ts": {
    sees: [...everything, "config.ts", "wiring"],
    node: "any",
    packages: "any",
    why: "main.ts wires the app: it sees everything but the devhost and start.ts.",
  },
  "start.ts": {
    sees: [...everything, "config.ts", "settings", "devhost"],
    node: "any",
    packages: "any",
    why: "start.ts wires the one-machine host; the app itself reaches it as a bundle, never by an import of main.ts.",
  },
};

/** The folders of src/archive from the bottom up: each sees only those before it, and the files beside the folders. */
const archiveFloors = [
  "records",
  "content",
  "directory",
  "listing",
  "threads",
  "compare",
  "shards",
  "pack",
  "read",
  "restore",
  "reuse",
  "selection",
];

/** Whether a file of src/archive imports from a higher floor, or from one that is not listed. */
const climbs = (path: string, target: string): boolean => {
  const [folder, from = ""] = path.split("/");
  const [targetFolder, to = ""] = target.split("/");
  if (folder !== "archive" || targetFolder !== folder || to.endsWith(".ts")) return false;
  return !archiveFloors.includes(to) || archiveFloors.indexOf(to) > archiveFloors.indexOf(from);
};

/** Single imports that go against the table on purpose, each with the reason. */
const exceptions: readonly { readonly in: RegExp; readonly may: RegExp; readonly because: string }[] = [
  {
    in: /^archive\/threads\/[\w-]+\.ts$/,
    may: /^node:fs$/,
    because:
      "Jobs run in worker threads, which read and write files of this machine without a detour over the main thread.",
  },
  {
    in: /^adapters\//,
    may: /^adapters\/outgoing\/[\w-]+\.ts$/,
    because: "There is one way out to addresses that somebody names, and every adapter that goes there takes it.",
  },
  {
    in: /^(?:adapters|cli)\//,
    may: /^adapters\/machine\/make-folder\.ts$/,
    because:
      "Node's own way to make a folder with those it lies in never ends on some file systems; there is one that does.",
  },
  {
    in: /^adapters\//,
    may: /^adapters\/machine\/(?:flush-folder|private-file)\.ts$/,
    because: "What file systems need until a file is there whole, durable and closed to others is known in one place.",
  },
  {
    in: /^archive\/selection\/copy-out-tar-gz\.ts$/,
    may: /^(?:archiver|node:stream)$/,
    because: "A selection as tar.gz is bytes in, bytes out like the rest; archiver makes the tar, and takes streams.",
  },
  {
    in: /^steps\//,
    may: /^operations\/(?:installation|(?:rows|runs)\/[\w-]+|containers\/(?:credentials|stored-manifest))\.ts$/,
    because:
      "Steps read and write the same rows as operations, with the same installation, and end, tell and start runs by the same rules.",
  },
  {
    in: /^steps\//,
    may: /^operations\/(?:databases\/[\w-]+|restores\/(?:archived-configuration|archived-databases|plan-database-restore|restore-archive))\.ts$/,
    because:
      "What an archive holds, which databases are meant and how they are reached, a dry run and the run itself find out alike.",
  },
  {
    in: /^steps\//,
    may: /^operations\/backups\/(?:databases-in-use|room-for-backup|served-files|size-limit)\.ts$/,
    because: "Whether a backup fits a dry run and the run itself find out alike.",
  },
];

/** Words a folder may not contain, with the reason. */
const words: readonly { readonly in: RegExp; readonly word: RegExp; readonly why: string }[] = [
  {
    in: /^(domain|workflows)\/|^ports\/(?!clock\.ts$)/,
    word: /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bfetch\(|\bperformance\./,
    why: "Time, chance and I/O come in as arguments here.",
  },
  {
    in: /^(?!(config|main|start)\.ts$|cli\/main\.ts$|devhost\/|adapters\/)/,
    word: /\bprocess\.env\b/,
    why: "config.ts is the only reader of the environment.",
  },
  {
    in: /^(?!(start|main)\.ts$|devhost\/)/,
    word: /\bconsole\.\w+\(/,
    why: "Log through ports/log.ts: a console line has no run and no site.",
  },
  { in: /./, word: /^export default\b/, why: "No default exports: a thing has one name everywhere." },
  {
    in: /^(?!start\.ts$|devhost\/)/,
    word: /\b(import|require)\((?!\s*["'`])|\bcreateRequire\(/,
    why: "Code is loaded by a literal name, so that this table can be checked.",
  },
];

const imports =
  /^(?:import|export)\s+(?<type>type\s+)?(?:(?:[\w$*{][^;"']*?)\s*from\s*)?["'](?<from>[^"']+)["']|\b(?:import|require|getBuiltinModule)\(\s*["'`](?<call>[^"'`]+)["'`]/gm;

const allows = (list: readonly string[], target: string): boolean =>
  list.some((entry) => target === entry || target.startsWith(`${entry}/`));

const mayImport = (path: string, specifier: string, isType: boolean): boolean => {
  const folder = path.split("/")[0] ?? path;
  const arrow = arrows[folder];
  if (!arrow) return false;
  const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
  if (exceptions.some((one) => one.in.test(path) && one.may.test(target))) return true;
  if (specifier.startsWith(".")) {
    if (climbs(path, target)) return false;
    const own = folder === "adapters" ? posix.dirname(path).split("/").slice(0, 2).join("/") : folder;
    const visible = [...arrow.sees, ...(isType ? (arrow.types ?? []) : [])];
    return allows(visible, target) || (own !== "adapters" && !own.endsWith(".ts") && allows([own], target));
  }
  if (specifier.startsWith("node:"))
    return arrow.node === "any" || allows(arrow.node ?? [], specifier.slice("node:".length));
  const visible = isType ? [...(arrow.packageTypes ?? [])] : [];
  if (arrow.packages === "any") return !allows(sdks, specifier) || allows(visible, specifier);
  return allows([...visible, ...(arrow.packages ?? [])], specifier);
};

/** What a file of src does that the table forbids: the offending line, with the rule it breaks. `path` is relative to src. */
export const brokenRules = (path: string, text: string): readonly string[] => {
  const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, "");
  const lines = code.split("\n");
  const broken: string[] = [];
  const report = (line: number, offending: string, why: string): void => {
    broken.push(`src/${path}:${line}: ${offending.trim().replace(/\s+/g, " ")}\n    ${why}`);
  };
  for (const found of code.matchAll(imports)) {
    const { type, from, call } = found.groups ?? {};
    if (mayImport(path, from ?? call ?? "", type !== undefined)) continue;
    const line = code.slice(0, found.index).split("\n").length;
    const why = arrows[path.split("/")[0] ?? path]?.why ?? "This folder has no arrow in test/support/arrows.ts.";
    report(line, from ? found[0] : (lines[line - 1] ?? ""), why);
  }
  lines.forEach((line, index) => {
    for (const rule of words) if (rule.in.test(path) && rule.word.test(line)) report(index + 1, line, rule.why);
  });
  return broken;
};
