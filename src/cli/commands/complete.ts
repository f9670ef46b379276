import { listBackups } from "../backups/choose-backup.ts";
import { completed, type Wanted } from "../line/completed.ts";
import type { CommandContext, RunCommand } from "../command.ts";
import { definitions } from "../line/definitions.ts";
import { exitCodes } from "../exit-code.ts";
import { commonOptions } from "../line/program.ts";
import { findSite, sitesPath } from "../sites/site-reference.ts";

export const run: RunCommand = async (context, given) => {
  const typed = given.texts("WORD");
  const wanted = completed(typed.length === 0 ? [""] : typed, { definitions, common: commonOptions });
  const unfinished = typed.at(-1) ?? "";
  const found = (await candidates(context, wanted)).filter(
    (word) => word.startsWith(unfinished) || word.startsWith(":"),
  );
  context.terminal.out(found.map((word) => `${word}\n`).join(""));
  return exitCodes.done;
};

const candidates = async (context: CommandContext, wanted: Wanted): Promise<readonly string[]> => {
  switch (wanted.kind) {
    case "words":
      return wanted.words;
    case "file":
      return [":files"];
    case "folder":
      return [":folders"];
    case "site":
      return (await context.service().all(sitesPath)).map((site) => site.text("name"));
    case "backup": {
      const backups = await listBackups(context, await findSite(context.service(), wanted.site));
      return [...backups.map(({ id }) => String(id)), "latest"];
    }
  }
};
