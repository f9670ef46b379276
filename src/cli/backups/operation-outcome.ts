import { indented } from "./backup-outcome.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import type { EndedOperation } from "./work.ts";

/** Tells that a restore, an undo or a verify goes on without anybody who watches. */
export const tellBegun = (
  context: CommandContext,
  {
    site,
    title,
    id,
    kind,
  }: { readonly site: string; readonly title: string; readonly id: string; readonly kind: string },
): ExitCode => {
  const operation = { id, kind, site, status: "InProgress", log: null, cancelled: null };
  print(context, { operation }, () => `${title} is begun. \`lifeboat watch ${site} ${id}\` shows how far it is.\n`);
  return exitCodes.done;
};

/** Tells how a restore or an undo ended. */
export const tellOperation = (
  context: CommandContext,
  { site, title, ended }: { readonly site: string; readonly title: string; readonly ended: EndedOperation },
): ExitCode => {
  const { id, kind, status, log, cancelled } = ended;
  const how = status === "Failed" && cancelled !== null ? "cancelled" : status;
  print(context, { operation: { id, kind, site, status, log, cancelled } }, () =>
    [`${title}: ${how}\n`, ...(log === null || log === "" ? [] : [indented(log)])].join(""),
  );
  return status === "Succeeded" ? exitCodes.done : exitCodes.failed;
};
