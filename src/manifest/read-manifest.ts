import { createHash } from "node:crypto";
import { ManifestInvalid, type Manifest } from "../domain/manifest.ts";
import { toManifest } from "./element-to-manifest.ts";
import { formatOf, namespaceOf, parseXml, type Element } from "./manifest-xml.ts";
import { encodeManifest, manifestFormat } from "./encode-manifest.ts";

/** A description that Lifeboat wrote, or another program's (App Service's own), of which only this much is known. */
export type ReadManifest =
  { readonly isOurs: true; readonly manifest: Manifest } | { readonly isOurs: false; readonly root: string };

/**
 * Reads `NAME.xml`. Ours must be, byte by byte, what Lifeboat writes: a flipped bit, a missing end or an edited filter
 * is ManifestInvalid. Another program's must be well-formed XML; what its archive holds, only the archive tells.
 */
export const readManifest = (bytes: Uint8Array): ReadManifest => {
  const root = parseXml(bytes);
  const format = formatOf(root.attributes.get("xmlns"));
  if (format === undefined) return foreign(root, bytes);
  if (format !== manifestFormat)
    throw new ManifestInvalid(
      "NewerFormat",
      `The manifest has the format ${format}; this Lifeboat reads ${manifestFormat}. Install the version that wrote it, or a newer one.`,
    );
  checkSum(bytes);
  const manifest = toManifest(root);
  if (!encodeManifest(manifest).equals(bytes)) throw altered("it is not as Lifeboat writes it");
  return { isOurs: true, manifest };
};

/** Damage in the one place that says whose it is must not make ours another program's. */
const foreign = (root: Element, bytes: Uint8Array): ReadManifest => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (hasOurEnd(text) || text.includes(namespaceOf(manifestFormat).slice(0, -1)))
    throw altered("it says that Lifeboat wrote it, but not where it should");
  return { isOurs: false, root: root.name.slice(0, 100) };
};

const altered = (reason: string): ManifestInvalid =>
  new ManifestInvalid("Altered", `The manifest was altered: ${reason}. Take another backup.`);

const end = /^ {2}<checksum sha256="([0-9a-f]{64})"\/>\n<\/backup>\n$/;
const endBytes = `  <checksum sha256="${"0".repeat(64)}"/>\n</backup>\n`.length;

const hasOurEnd = (bytes: Buffer): boolean => end.test(bytes.toString("latin1", bytes.length - endBytes));

const checkSum = (bytes: Uint8Array): void => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = end.exec(text.toString("latin1", text.length - endBytes))?.[1];
  const found = createHash("sha256").update(text.subarray(0, -endBytes)).digest("hex");
  if (stated !== found) throw altered("its checksum does not match");
};
