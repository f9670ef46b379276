import { readFileSync } from "node:fs";

/** Names of users and groups by id, and back, as this machine's own files tell them (directory services are not asked). */
export interface AccountNames {
  readonly user: (uid: number) => string | undefined;
  readonly group: (gid: number) => string | undefined;
  readonly uid: (name: string) => number | undefined;
  readonly gid: (name: string) => number | undefined;
}

/** `name:password:id:...` lines; of two lines for one id the first counts, as in the C library. */
const parse = (text: string): { readonly byId: Map<number, string>; readonly byName: Map<string, number> } => {
  const byId = new Map<number, string>();
  const byName = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    if (!name || !id || !/^\d+$/.test(id) || name.startsWith("#")) continue;
    if (!byId.has(Number(id))) byId.set(Number(id), name);
    if (!byName.has(name)) byName.set(name, Number(id));
  }
  return { byId, byName };
};

// Windows has no such file, and a stripped-down container may not: ids are then all there is.
const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

export const accountNames = (): AccountNames => {
  const users = parse(textOf("/etc/passwd"));
  const groups = parse(textOf("/etc/group"));
  return {
    user: (uid) => users.byId.get(uid),
    group: (gid) => groups.byId.get(gid),
    uid: (name) => users.byName.get(name),
    gid: (name) => groups.byName.get(name),
  };
};
