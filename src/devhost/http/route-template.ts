import { parseParameter, type RouteParameter } from "./route-parameter.ts";
import { RouteTemplateInvalid } from "./route-template-invalid.ts";

export type RoutePart = { readonly literal: string } | { readonly parameter: RouteParameter };
/** What stands between two slashes. `optionalDot`: the dot before a last, optional parameter, as in `{name}.{ext?}`. */
export type RouteSegment = { readonly parts: readonly RoutePart[]; readonly optionalDot: boolean };

const unescaped = (text: string): string => text.replaceAll("}}", "}").replaceAll("{{", "{");

/** Length of the run of literal text at the start of `text`, in which braces are doubled. */
const literalLength = (text: string): number => {
  const literal = /^(?:[^{}]|\{\{|\}\})*/.exec(text)?.[0] ?? "";
  if (text[literal.length] === "}") throw new RouteTemplateInvalid(`There is a "}" too many in "${text}".`);
  return literal.length;
};

/** Length of the parameter, braces included, at the start of `text`. */
const parameterLength = (text: string): number => {
  const parameter = /^\{(?:[^{}]|\{\{|\}\})*\}(?!\})/.exec(text)?.[0];
  if (!parameter)
    throw new RouteTemplateInvalid(`A parameter in "${text}" is not closed, or has a single brace inside.`);
  return parameter.length;
};

const splitSegments = (template: string): readonly string[] => {
  const segments: string[] = [];
  let segment = "";
  for (let rest = template; rest !== "";) {
    const isParameter = rest[0] === "{" && rest[1] !== "{";
    const length = isParameter
      ? parameterLength(rest)
      : rest[0] === "/"
        ? 1
        : literalLength(rest.split("/", 1)[0] ?? "");
    if (rest[0] === "/") {
      segments.push(segment);
      segment = "";
    } else segment += rest.slice(0, length);
    rest = rest.slice(length);
  }
  return segment === "" ? segments : [...segments, segment];
};

const parseParts = (segment: string): RoutePart[] => {
  const parts: RoutePart[] = [];
  for (let rest = segment; rest !== "";) {
    if (rest[0] === "{" && rest[1] !== "{") {
      const length = parameterLength(rest);
      parts.push({ parameter: parseParameter(unescaped(rest.slice(1, length - 1))) });
      rest = rest.slice(length);
    } else {
      const length = literalLength(rest);
      const literal = unescaped(rest.slice(0, length));
      if (literal.includes("?")) throw new RouteTemplateInvalid(`"?" is not allowed in "${literal}".`);
      parts.push({ literal });
      rest = rest.slice(length);
    }
  }
  return parts;
};

const checkSegment = (segment: string, parts: readonly RoutePart[]): RouteSegment => {
  let optionalDot = false;
  parts.forEach((part, index) => {
    if (!("parameter" in part) || parts.length === 1) return;
    const previous = parts[index - 1];
    if (part.parameter.catchAll)
      throw new RouteTemplateInvalid(`In "${segment}" the catch-all must stand alone between slashes.`);
    if (previous && "parameter" in previous)
      throw new RouteTemplateInvalid(`In "${segment}" two parameters follow each other without text between them.`);
    if (!part.parameter.optional) return;
    optionalDot = index === parts.length - 1 && previous?.literal === ".";
    if (!optionalDot)
      throw new RouteTemplateInvalid(`In "${segment}" an optional parameter may only come last, after a dot.`);
  });
  return { parts, optionalDot };
};

const parameterOf = (part: RoutePart): readonly RouteParameter[] => ("parameter" in part ? [part.parameter] : []);

const checkWhole = (template: string, segments: readonly RouteSegment[]): void => {
  const names = new Set<string>();
  segments.forEach(({ parts }, index) => {
    for (const parameter of parts.flatMap(parameterOf)) {
      const name = parameter.name.toLowerCase();
      if (names.has(name)) throw new RouteTemplateInvalid(`"${template}" has the parameter "${parameter.name}" twice.`);
      names.add(name);
      if (parameter.catchAll && index < segments.length - 1)
        throw new RouteTemplateInvalid(`In "${template}" the catch-all must come last.`);
    }
  });
};

/** Reads a route as ASP.NET Core's router does; throws RouteTemplateInvalid. */
export const parseRouteTemplate = (template: string): readonly RouteSegment[] => {
  const trimmed = template.replace(/^(?:~\/|\/)/, "");
  if (trimmed.startsWith("~")) throw new RouteTemplateInvalid(`"${template}" starts with "~".`);
  const texts = splitSegments(trimmed);
  if (texts.includes("")) throw new RouteTemplateInvalid(`"${template}" has two slashes in a row.`);
  const segments = texts.map((text) => checkSegment(text, parseParts(text)));
  checkWhole(template, segments);
  return segments;
};
