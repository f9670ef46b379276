import { XMLParser, XMLValidator } from "fast-xml-parser";
import { ManifestInvalid } from "../domain/manifest.ts";

/** An XML element with attributes and other elements in it: all that a manifest consists of. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
}

const namespaceBase = "urn:lifeboat:manifest:";
export const namespaceOf = (format: number): string => `${namespaceBase}${format}`;

/** The format a namespace stands for; undefined when it is none of Lifeboat's. */
export const formatOf = (namespace: string | undefined): number | undefined =>
  namespace !== undefined && /^urn:lifeboat:manifest:[1-9][0-9]{0,4}$/.test(namespace)
    ? Number(namespace.slice(namespaceBase.length))
    : undefined;

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The element as text, two spaces a level, everything but its end tag: what the checksum is taken of. */
export const manifestXml = (root: Element): string =>
  `${declaration}${startTag(root)}>\n${root.children.map((child) => lines(child, "  ")).join("")}`;

const lines = (element: Element, indent: string): string => {
  const start = `${indent}${startTag(element)}`;
  if (element.children.length === 0) return `${start}/>\n`;
  const inside = element.children.map((child) => lines(child, `${indent}  `)).join("");
  return `${start}>\n${inside}${indent}</${element.name}>\n`;
};

const startTag = ({ name, attributes }: Element): string =>
  `<${name}${Array.from(attributes, ([key, value]) => ` ${key}="${quoted(value)}"`).join("")}`;

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" } as const;

const quoted = (value: string): string =>
  value.replaceAll("&", entities["&"]).replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const unquoted = (value: string): string =>
  value.replace(/&[^;&]{0,8};?/g, (entity) => {
    const known = Object.entries(entities).find(([, name]) => name === entity);
    if (known === undefined) throw notXml(`it uses the entity ${JSON.stringify(entity)}, and none is defined`);
    return known[0];
  });

const notXml = (reason: string, cause?: unknown): ManifestInvalid =>
  new ManifestInvalid("NotXml", `The manifest cannot be read: ${reason}. Copy it again, or take another backup.`, {
    cause,
  });

/** More than this is no manifest. */
export const maxManifestBytes = 8 * 2 ** 20;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  jPath: false,
  maxNestedTags: 20,
});

/** The root element of a well-formed document. Document types, and with them entities, are refused before anything is parsed. */
export const parseXml = (bytes: Uint8Array): Element => {
  if (bytes.length > maxManifestBytes)
    throw new ManifestInvalid(
      "TooLarge",
      `The manifest has ${bytes.length} bytes; no manifest is longer than ${maxManifestBytes}. Take another backup.`,
    );
  const text = decoded(bytes);
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw notXml("it has a document type, which is not read");
  const problem = XMLValidator.validate(text);
  if (problem !== true) throw notXml(`line ${problem.err.line}: ${problem.err.msg.slice(0, 100)}`);
  const [root, second] = elements(parsed(text));
  if (root === undefined || second !== undefined) throw notXml("it has not exactly one root element");
  return root;
};

const decoded = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw notXml("it is not UTF-8", error);
  }
};

const parsed = (text: string): unknown => {
  try {
    return parser.parse(text);
  } catch (error) {
    throw notXml("it is no well-formed XML", error);
  }
};

/** The parser gives an array of objects with one key, the tag's name, and the attributes under ":@". */
const elements = (nodes: unknown): Element[] => {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: unknown) => {
    if (typeof node !== "object" || node === null) return [];
    const { ":@": attributes, ...tags } = node as Record<string, unknown>; // Any object is one; its values are checked.
    const [tag] = Object.entries(tags);
    if (tag === undefined || tag[0].startsWith("#") || tag[0].startsWith("?")) return [];
    return [{ name: tag[0], attributes: attributeMap(attributes), children: elements(tag[1]) }];
  });
};

const attributeMap = (attributes: unknown): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(attributes ?? {}).flatMap(([key, value]: [string, unknown]) =>
      typeof value === "string" ? [[key, unquoted(value)] as const] : [],
    ),
  );
