import type { Answer } from "../service/answer.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { confirm } from "../terminal/confirm.ts";
import { expiryOf } from "../line/durations.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showTable } from "../terminal/show-table.ts";
import { showTime } from "../terminal/show-text.ts";
import { findSite, labelOfId } from "../sites/site-reference.ts";
import { createPrivateFile } from "../files/private-file.ts";

const keysPath = "/providers/Lifeboat/keys";

export const listKeys: RunCommand = async (context) => {
  const keys = (await context.service().all(keysPath)).map(keyView);
  print(context, { keys }, () => tableOf(keys));
  return exitCodes.done;
};

/** The secret goes into a file of mode 0600 and nowhere else: a terminal's history and a log keep what they see. */
export const addKey: RunCommand = async (context, given) => {
  const name = given.need("NAME");
  const file = given.text("output") ?? given.text("file") ?? `${name}.key`;
  const body = { properties: await wishOf(context, given) };
  // Before the key is made: a secret that cannot be kept would be lost.
  const keep = createPrivateFile(file);
  try {
    const made = await context.service().put(`${keysPath}/${encodeURIComponent(name)}`, { body });
    keep.write(`${JSON.stringify({ id: made.text("name"), secret: made.object("properties").text("secret") })}\n`);
    const view = keyView(made);
    print(
      context,
      { key: view, file },
      () => `The key ${view.name} (${view.role}) is made; its secret is in ${file}\n`,
    );
  } catch (error) {
    keep.abandon();
    throw error;
  }
  return exitCodes.done;
};

export const revokeKey: RunCommand = async (context, given) => {
  const name = given.need("NAME");
  const path = `${keysPath}/${encodeURIComponent(name)}`;
  // Tells whether there is one; a revoke of nothing is no error of the API, and a typing mistake here.
  await context.service().get(path);
  await confirm(context, { question: `Whoever uses the key ${name} is shut out.`, word: name, yes: given.flag("yes") });
  await context.service().remove(path);
  print(context, { revoked: name }, () => `The key ${name} is revoked.\n`);
  return exitCodes.done;
};

const wishOf = async (context: CommandContext, given: Given) => {
  const role = given.text("role");
  if (role !== "reader" && role !== "operator" && role !== "admin")
    throw new CommandFailure(
      exitCodes.usage,
      "RoleMissing",
      "Say what the key may do: --role reader, operator or admin.",
    );
  const sites: string[] = [];
  for (const text of given.texts("site")) sites.push(decodeURI((await findSite(context.service(), text)).path));
  const expires = given.text("expires");
  return {
    role,
    ...(sites.length === 0 ? {} : { sites }),
    ...(expires === undefined ? {} : { expires: expiryOf(expires, context.now()) }),
  };
};

const keyView = (item: Answer) => {
  const properties = item.object("properties");
  return {
    name: item.text("name"),
    role: properties.text("role"),
    sites: properties.has("sites") ? properties.texts("sites") : null,
    created: properties.text("created"),
    expires: properties.textOr("expires", null),
    lastUsed: properties.textOr("lastUsed", null),
  };
};

const tableOf = (keys: readonly ReturnType<typeof keyView>[]): string => {
  if (keys.length === 0) return "There are no keys but the first one, in the data folder.\n";
  const columns = [
    { title: "KEY" },
    { title: "ROLE" },
    { title: "SITES" },
    { title: "EXPIRES" },
    { title: "LAST USED" },
  ];
  const rows = keys.map(({ name, role, sites, expires, lastUsed }) => [
    name,
    role,
    sites === null ? "all" : sites.map(labelOfId).join(", "),
    expires === null ? "never" : showTime(expires),
    lastUsed === null ? "never" : showTime(lastUsed),
  ]);
  return showTable(columns, rows);
};
