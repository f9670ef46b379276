/** One row's path: ARM's habits, so letter case and a trailing slash do not matter. */
interface PathPattern {
  /** Values by name, decoded once; undefined when the path is another. */
  match(path: string): Readonly<Record<string, string>> | undefined;
}

/** `{site}` stands for an app's or a slot's resource id, `{name}` for one segment. */
export const pathPattern = (template: string): PathPattern => {
  const site = "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Web/sites/{siteName}";
  const alternatives = template.startsWith("{site}")
    ? [template.replace("{site}", site), template.replace("{site}", `${site}/slots/{slotName}`)]
    : [template];
  const patterns = alternatives.map((text) => ({
    names: [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ""),
    expression: new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "([^/]+)")}/?$`, "i"),
  }));
  return {
    match(path) {
      for (const { names, expression } of patterns) {
        const values = expression.exec(path)?.slice(1);
        const decoded = values?.map(decode);
        if (decoded?.every((value) => value !== undefined))
          return Object.fromEntries(names.map((name, index) => [name, decoded[index] ?? ""]));
      }
      return undefined;
    },
  };
};

const decode = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
};
