import type { Exchanged } from "../../../ports/database-tool.ts";

/**
 * Where nothing was kept, the last line of a database's comment tells one that a restore made from one that others have made
 * since.
 */
const line = ({ kept }: Pick<Exchanged, "kept">): string => `Made by Lifeboat's restore ${kept}`;

export const withMark = (comment: string, exchanged: Exchanged): string =>
  `${comment}${comment === "" ? "" : "\n"}${line(exchanged)}`;

export const hasMark = (comment: string, exchanged: Exchanged): boolean =>
  comment.split("\n").includes(line(exchanged));

/** The comment of a database that was dumped after a restore had made it. */
export const withoutMark = (comment: string): string => comment.replace(/(?:^|\n)Made by Lifeboat's restore \w+$/, "");
