import { indented } from "./backup-outcome.ts";
import type { CommandContext } from "./command.ts";
import { exitCodes, type ExitCode } from "./exit-code.ts";
import { print } from "./print.ts";
import type { EndedOperation } from "./work.ts";

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
