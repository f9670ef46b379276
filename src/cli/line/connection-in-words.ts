import type { ConnectionFlags } from "../service/connection.ts";
import { flagOf } from "./flag-of.ts";

const names: readonly (keyof ConnectionFlags)[] = ["url", "keyFile", "caFile", "profile", "data", "audience"];

/** The installation that a line names which is still being typed. */
export const connectionInWords = (words: readonly string[]): ConnectionFlags =>
  Object.fromEntries(
    names.flatMap((name) => {
      const flag = flagOf(name);
      const joined = words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
      const place = words.indexOf(flag);
      const value = joined ?? (place < 0 ? undefined : words[place + 1]);
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
