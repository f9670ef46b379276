import { createHash } from "node:crypto";
import { pathBytes, type BytePath } from "../domain/byte-path.ts";
import { isPartial, type Manifest, type ManifestDatabase } from "../domain/manifest.ts";
import { escapedText } from "./escaped-text.ts";
import { manifestXml, namespaceOf, type Element } from "./manifest-xml.ts";

/** The version of the format; a reader refuses one it does not know. */
export const manifestFormat = 1;

/** The manifest's bytes: the same value gives the same bytes. */
export const encodeManifest = (manifest: Manifest): Buffer => {
  const body = manifestXml(toElement(manifest));
  const checksum = createHash("sha256").update(body).digest("hex");
  return Buffer.from(`${body}  <checksum sha256="${checksum}"/>\n</backup>\n`, "utf8");
};

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const element = (name: string, attributes: Attributes, children: readonly Element[] = []): Element => ({
  name,
  attributes: new Map(
    Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  ),
  children,
});

const text = (value: string): string => {
  if (/\p{Surrogate}/u.test(value)) throw new Error(`Half a character cannot be written: ${JSON.stringify(value)}`);
  return escapedText(Buffer.from(value, "utf8"));
};
const optionalText = (value: string | undefined): string | undefined => (value === undefined ? undefined : text(value));
const path = (value: BytePath): string => escapedText(pathBytes(value));

const toElement = (manifest: Manifest): Element => {
  const { site, backup, archive, contents, leftOut, configuration } = manifest;
  return element("backup", { xmlns: namespaceOf(manifestFormat), lifeboat: text(manifest.version) }, [
    element("site", {
      subscription: text(site.subscription),
      resourceGroup: text(site.resourceGroup),
      name: text(site.name),
      slot: optionalText(site.slot),
    }),
    element("run", {
      backup: backup.id,
      name: text(backup.name),
      run: text(backup.run),
      scheduled: backup.scheduled,
      started: backup.started,
      finished: backup.finished,
    }),
    element("archive", { name: text(archive.name), bytes: archive.sizeBytes, commitId: archive.commitId }),
    element("contents", {
      files: contents.files,
      folders: contents.folders,
      links: contents.links,
      bytes: contents.contentBytes,
      storedBytes: contents.storedBytes,
      changedWhileRead: contents.changedWhileRead,
    }),
    element("filter", { partial: isPartial(manifest) }, manifest.filter.map(filterLine)),
    element(
      "leftOut",
      { count: leftOut.count },
      leftOut.listed.map((one) => element("entry", { path: path(one.path), reason: text(one.reason) })),
    ),
    element("databases", {}, manifest.databases.map(database)),
    ...(configuration === undefined
      ? []
      : [
          element("configuration", {
            entry: path(configuration.entry),
            recoveryKey: optionalText(configuration.recoveryKey),
          }),
        ]),
  ]);
};

const filterLine = (line: Manifest["filter"][number]): Element =>
  element("line", { number: line.number, text: text(line.text) });

const database = (one: ManifestDatabase): Element =>
  element("database", {
    entry: path(one.entry),
    type: text(one.type),
    name: text(one.name),
    connectionStringName: optionalText(one.connectionStringName),
    tool: text(one.tool),
    toolVersion: text(one.toolVersion),
    bytes: one.sizeBytes,
    contentHash: one.contentHash,
  });
