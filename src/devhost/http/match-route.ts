import type { RouteParameter } from "./route-parameter.ts";
import type { RoutePart, RouteSegment } from "./route-template.ts";

/** Values of a route's parameters; missing optional ones and empty catch-alls are absent. */
export type RouteValues = Record<string, string>;

const sameText = (left: string, right: string): boolean =>
  left.length === right.length && left.toUpperCase() === right.toUpperCase();

const onlyParameter = ({ parts }: RouteSegment): RouteParameter | undefined => {
  const [part] = parts;
  return parts.length === 1 && part && "parameter" in part ? part.parameter : undefined;
};

/** Matches text such as `report-2024.csv` against parts such as `{name}-{year}.{ext}`, from the right, shortest last. */
const matchParts = (parts: readonly RoutePart[], text: string, values: RouteValues): boolean => {
  let end = text.length;
  let waiting: RouteParameter | undefined;
  for (let index = parts.length - 1; index >= 0; index--) {
    const part = parts[index];
    if (part === undefined) return false;
    if ("parameter" in part) {
      waiting = part.parameter;
      continue;
    }
    // A parameter takes at least one character.
    const before = text.slice(0, waiting ? Math.max(end - 1, 0) : end);
    const at = before.toUpperCase().lastIndexOf(part.literal.toUpperCase());
    if (at === -1 || (!waiting && at + part.literal.length !== end)) return false;
    if (waiting) {
      values[waiting.name] = text.slice(at + part.literal.length, end);
      waiting = undefined;
    }
    end = at;
  }
  if (!waiting) return end === 0;
  values[waiting.name] = text.slice(0, end);
  return end > 0;
};

const matchComplex = (segment: RouteSegment, text: string, values: RouteValues): boolean => {
  if (!segment.optionalDot) return matchParts(segment.parts, text, values);
  const all: RouteValues = {};
  if (matchParts(segment.parts, text, all)) return Object.assign(values, all) !== undefined;
  return !text.endsWith(".") && matchParts(segment.parts.slice(0, -2), text, values);
};

const matchSegment = (segment: RouteSegment, text: string, values: RouteValues): boolean => {
  const [part] = segment.parts;
  if (segment.parts.length > 1) return matchComplex(segment, text, values);
  if (part && "literal" in part) return sameText(part.literal, text);
  if (part) values[part.parameter.name] = text;
  return part !== undefined;
};

const satisfied = (segments: readonly RouteSegment[], values: RouteValues): boolean =>
  segments.every(({ parts }) =>
    parts.every((part) => {
      if (!("parameter" in part)) return true;
      const value = values[part.parameter.name];
      // An optional parameter that is missing is not checked; a missing catch-all is, as an empty text.
      if (value === undefined && !part.parameter.catchAll) return true;
      return part.parameter.constraints.every((accepts) => accepts(value ?? ""));
    }),
  );

/**
 * Matches a decoded path (without its first slash) against a route; undefined if it does not fit. One trailing slash
 * is ignored, an empty segment fits nothing but the inside of a catch-all.
 */
export const matchRoute = (segments: readonly RouteSegment[], path: string): RouteValues | undefined => {
  const values: RouteValues = {};
  let at = 0;
  for (const segment of segments) {
    const parameter = onlyParameter(segment);
    const slash = path.indexOf("/", at);
    const text = path.slice(at, slash === -1 ? undefined : slash);
    if (parameter && text !== "" && parameter.catchAll) {
      values[parameter.name] = path.slice(at);
      at = path.length;
    } else if (text !== "") {
      if (!matchSegment(segment, text, values)) return undefined;
      at = slash === -1 ? path.length : slash + 1;
    } else if (parameter?.defaultValue !== undefined) values[parameter.name] = parameter.defaultValue;
    else if (!parameter?.optional && !parameter?.catchAll) return undefined;
  }
  return at >= path.length && satisfied(segments, values) ? values : undefined;
};
