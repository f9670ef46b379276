/** Whether `inner` is the folder `outer` or lies below it. Both are absolute, without "..", links resolved. */
export const containsFolder = (outer: string, inner: string): boolean =>
  inner === outer || inner.startsWith(/[/\\]$/.test(outer) ? outer : `${outer}${outer.includes("\\") ? "\\" : "/"}`);

export const foldersOverlap = (one: string, other: string): boolean =>
  containsFolder(one, other) || containsFolder(other, one);
