import type { WantedOwner } from "../../ports/site-host.ts";
import { accountNames, type AccountNames } from "./account-names.ts";
import type { MetadataWriter } from "./exchange/moves.ts";
import { metadataSetter, ownerNote, setIdNote } from "./set-metadata.ts";

/** Whom restored content belongs to on this machine. */
interface RestoredOwners {
  /** Undefined: it stays with the service, which may not give files away. */
  readonly ownerOf: (wanted: WantedOwner) => { readonly uid: number; readonly gid: number } | undefined;
  readonly setMetadata: MetadataWriter;
}

const setIds = 0o6000;

/** `always`: `user` or `user:group`, by name or number, whatever the archive says. */
export const restoredOwners = (always: string | undefined): RestoredOwners => {
  let known: AccountNames | undefined;
  const names = (): AccountNames => (known ??= accountNames());
  const ownerOf: RestoredOwners["ownerOf"] = ({ uid, gid, owner, group }) => {
    const [user, userGroup] = always?.split(":") ?? [];
    const wanted = {
      uid: idOf(user, names().uid) ?? idOf(owner, names().uid) ?? uid,
      gid: idOf(userGroup, names().gid) ?? idOf(group, names().gid) ?? gid,
    };
    return mayGive(wanted) ? wanted : undefined;
  };
  return {
    ownerOf,
    setMetadata(file, entry) {
      const set = metadataSetter(names());
      const { mode, mtimeNs } = entry;
      const owner = ownerOf(entry);
      if (owner !== undefined) return set(file, { mode, mtimeNs, ...owner });
      // Such a bit on a file of the service's would hand out the service's rights.
      const dropped = (mode & setIds) !== 0 ? [setIdNote] : [];
      return [...set(file, { mode: mode & ~setIds, mtimeNs }), ownerNote, ...dropped];
    },
  };
};

const idOf = (name: string | undefined, find: (name: string) => number | undefined): number | undefined => {
  if (name === undefined || name === "") return undefined;
  return find(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
};

/** Only root gives files away; everyone may keep what is theirs, and give it to a group of theirs. */
const mayGive = ({ uid, gid }: { readonly uid: number; readonly gid: number }): boolean => {
  const own = process.geteuid?.();
  if (own === undefined || own === 0) return own === 0;
  return uid === own && (gid === process.getegid?.() || (process.getgroups?.() ?? []).includes(gid));
};
