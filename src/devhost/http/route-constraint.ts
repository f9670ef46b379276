import { RouteTemplateInvalid } from "./route-template-invalid.ts";

/** Whether a parameter's value is acceptable. */
export type RouteConstraint = (value: string) => boolean;

const integerWithin = (least: bigint, most: bigint): RouteConstraint => {
  return (value) => {
    const digits = /^\s*([+-]?\d+)\s*$/.exec(value)?.[1];
    if (digits === undefined) return false;
    const number = BigInt(digits.replace("+", ""));
    return number >= least && number <= most;
  };
};
const isLong = integerWithin(-(2n ** 63n), 2n ** 63n - 1n);
const isDecimal: RouteConstraint = (value) => /^\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)\s*$/.test(value);
const isFloat: RouteConstraint = (value) => /^\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value);
const guid =
  /^(?:[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\{[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\}|\([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\))$/i;
const looksLikeFile: RouteConstraint = (value) => /\.[^/.]+$/.test(value.slice(value.lastIndexOf("/") + 1));

const plain: Readonly<Record<string, RouteConstraint>> = {
  int: integerWithin(-(2n ** 31n), 2n ** 31n - 1n),
  long: isLong,
  bool: (value) => /^\s*(?:true|false)\s*$/i.test(value),
  decimal: isDecimal,
  double: isFloat,
  float: isFloat,
  guid: (value) => guid.test(value.trim()),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  alpha: (value) => /^[a-z]*$/i.test(value),
  required: (value) => value !== "",
  file: looksLikeFile,
  nonfile: (value) => !looksLikeFile(value),
};

const wholeNumber = (text: string | undefined, constraint: string): bigint => {
  if (text === undefined || !isLong(text)) throw new RouteTemplateInvalid(`"${constraint}" needs whole numbers.`);
  return BigInt(text.trim().replace("+", ""));
};

const withNumbers = (name: string, numbers: readonly (string | undefined)[], text: string): RouteConstraint => {
  const number = (index: number): bigint => wholeNumber(numbers[index], text);
  const longAtLeast = (least: bigint): RouteConstraint => integerWithin(least, 2n ** 63n - 1n);
  const lengthWithin =
    (least: bigint, most: bigint): RouteConstraint =>
    (value) =>
      value.length >= least && value.length <= most;
  switch (`${name}/${numbers.length}`) {
    case "min/1":
      return longAtLeast(number(0));
    case "max/1":
      return integerWithin(-(2n ** 63n), number(0));
    case "range/2":
      return integerWithin(number(0), number(1));
    case "minlength/1":
      return lengthWithin(number(0), 2n ** 31n);
    case "maxlength/1":
      return lengthWithin(0n, number(0));
    case "length/1":
      return lengthWithin(number(0), number(0));
    case "length/2":
      return lengthWithin(number(0), number(1));
    default:
      throw new RouteTemplateInvalid(`"${text}" is not a constraint of routes.`);
  }
};

/** Makes the constraint named by a text such as `int`, `length(3,5)` or `regex(^a+$)`; names in any letter case. */
export const routeConstraint = (text: string): RouteConstraint => {
  const [, name = "", argument] = /^([^(]*)(?:\((.*)\))?$/s.exec(text) ?? [];
  const key = name.trim().toLowerCase();
  if (argument === undefined) {
    const known = Object.hasOwn(plain, key) ? plain[key] : undefined;
    if (known) return known;
    throw new RouteTemplateInvalid(`"${text}" is not a constraint of routes.`);
  }
  if (key !== "regex") return withNumbers(key, argument.split(","), text);
  try {
    const pattern = new RegExp(argument, "i");
    return (value) => pattern.test(value);
  } catch (error) {
    throw new RouteTemplateInvalid(`"${text}" is not a regular expression: ${String(error)}`, { cause: error });
  }
};
