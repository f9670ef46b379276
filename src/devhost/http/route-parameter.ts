import { routeConstraint, type RouteConstraint } from "./route-constraint.ts";
import { RouteTemplateInvalid } from "./route-template-invalid.ts";

export type RouteParameter = {
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  readonly defaultValue: string | undefined;
  readonly constraints: readonly RouteConstraint[];
};

/** Reads `:int:range(1,9)` at the start of the text; a closing parenthesis ends an argument only before `:`, `=` or the end. */
const constraintTexts = (text: string): { readonly texts: readonly string[]; readonly rest: string } => {
  const texts: string[] = [];
  let rest = text;
  for (;;) {
    const found = /^:([^:=(]*)(\((?:.*?)\)(?=$|[:=]))?/s.exec(rest);
    if (!found) return { texts, rest };
    const constraint = (found[1] ?? "") + (found[2] ?? "");
    if (constraint !== "") texts.push(constraint);
    rest = rest.slice(found[0].length);
    if (rest.startsWith("(")) throw new RouteTemplateInvalid(`The parenthesis in "${text}" is not closed.`);
  }
};

/** Reads what stands between the braces of a parameter, such as `id:int?`, `*rest` or `page:int=1`. */
export const parseParameter = (text: string): RouteParameter => {
  const stars = /^\*{0,2}/.exec(text)?.[0] ?? "";
  const optional = text.endsWith("?");
  const inside = text.slice(stars.length, optional ? -1 : undefined);
  // A name may begin with a delimiter; from its second character on they end it.
  const name = /^.[^:=]*/s.exec(inside)?.[0] ?? "";
  if (name === "" || /[/{}?*]/.test(name)) throw new RouteTemplateInvalid(`"${name}" is not a parameter name.`);
  const { texts, rest } = constraintTexts(inside.slice(name.length));
  const defaultValue = rest.startsWith("=") ? rest.slice(1) : undefined;
  if (optional && stars !== "") throw new RouteTemplateInvalid(`The catch-all "${text}" cannot be optional.`);
  if (optional && defaultValue !== undefined)
    throw new RouteTemplateInvalid(`"${text}" cannot be optional and have a default value.`);
  return { name, catchAll: stars !== "", optional, defaultValue, constraints: texts.map(routeConstraint) };
};
