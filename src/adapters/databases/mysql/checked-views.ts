const begins = Buffer.from("-- Final view structure for view ");
const ends = /^\/\*!50001 SET collation_connection\s+= @saved_col_connection/;
const checks = /^\/\*!50002 WITH (?:CASCADED|LOCAL) CHECK OPTION \*\/;/;

/**
 * The dump tools write views by their names, and stand-ins for those that come later. A view `WITH CHECK OPTION` on a
 * stand-in is refused by the server: it is made without first, and again, as it was, once all views are there.
 */
export const checkedViews = () => {
  let open: { readonly lines: Buffer[]; checks: boolean } | undefined;
  const again: Buffer[] = [];
  return {
    /** The line to load in the place of this one. */
    inPlace(line: Buffer): Buffer {
      if (line.subarray(0, begins.length).equals(begins)) open = { lines: [], checks: false };
      if (open === undefined) return line;
      const text = line.subarray(0, 80).toString("latin1");
      if (!text.startsWith("--")) open.lines.push(line);
      if (ends.test(text)) {
        if (open.checks) again.push(...open.lines);
        open = undefined;
      } else if (checks.test(text)) {
        open.checks = true;
        return Buffer.from(";\n");
      }
      return line;
    },
    /** What is to be loaded after everything else; once. */
    atLast: (): readonly Buffer[] => again.splice(0),
  };
};
