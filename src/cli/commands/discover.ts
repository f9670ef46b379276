import type { Answer } from "../service/answer.ts";
import type { RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { containerUrl } from "../files/container-url.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showTable } from "../terminal/show-table.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import type { Service } from "../service/service.ts";
import { showTime } from "../terminal/show-text.ts";
import { anySitePath, labelOfId, referenceOf, sitesPath } from "../sites/site-reference.ts";

export const run: RunCommand = async (context, given) => {
  const url = await containerUrl(context, { url: given.text("URL"), file: given.text("urlFile") });
  if (url === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "ContainerMissing",
      "Say which container: its URL, or its file by --url-file.",
    );
  const body = { properties: { storageAccountUrl: url.reveal(), limit: 1_000 } };
  const found = (await ask(context.service(), body)).object("properties");
  const backups = found.list("backups").map(foundView);
  const total = found.number("total");
  print(context, { backups, total }, () => tableOf(backups, total));
  return exitCodes.done;
};

/** Whoever is limited to sites asks below the first of his. */
const ask = async (service: Service, body: object): Promise<Answer> => {
  try {
    return await service.post(`${anySitePath}/discoverbackup`, { body });
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.code !== "SiteNotReached") throw error;
    const [first] = await service.all(sitesPath);
    if (first === undefined) throw error;
    return service.post(`${referenceOf(first).path}/discoverbackup`, { body });
  }
};

const foundView = (item: Answer) => ({
  blobName: item.text("blobName"),
  kind: item.text("kind"),
  isRestorable: item.flag("isRestorable"),
  problem: item.textOr("problem", null),
  sizeBytes: item.number("sizeInBytes"),
  modified: item.text("modified"),
  siteId: item.textOr("siteId", null),
});

const tableOf = (backups: readonly ReturnType<typeof foundView>[], total: number): string => {
  if (backups.length === 0) return "No backups lie there.\n";
  const columns = [
    { title: "ARCHIVE" },
    { title: "SITE" },
    { title: "WRITTEN" },
    { title: "SIZE", right: true },
    { title: "RESTORABLE" },
  ];
  const rows = backups.map(({ blobName, siteId, kind, modified, sizeBytes, isRestorable, problem }) => [
    blobName,
    siteId === null ? (kind === "foreign" ? "App Service" : "?") : labelOfId(siteId),
    showTime(modified),
    showBytes(sizeBytes),
    isRestorable ? "yes" : `no: ${problem ?? "not a backup"}`,
  ]);
  const more = total - backups.length;
  return showTable(columns, rows) + (more > 0 ? `and ${more} more\n` : "");
};
