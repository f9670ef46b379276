import { expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import { backupView, contentsText } from "../../../src/cli/backups/backup-view.ts";

const shown = (properties: object) =>
  contentsText(
    backupView(
      "shop",
      answerOf({ properties: { id: 1, status: "Succeeded", created: "2026-11-21T12:00:00Z", ...properties } }),
    ),
  );
const databases = [{ databaseType: "PostgreSql", name: "orders", connectionStringName: null, connectionString: null }];

it.each([
  ["its files", { websiteSizeInBytes: 3_700 }, "3.7 KB"],
  [
    "its files and its databases",
    { websiteSizeInBytes: 3, databaseSizeInBytes: 640_200_000, databases },
    "3 B of files and 640.2 MB of databases",
  ],
  ["its files alone, of an old backup with databases", { websiteSizeInBytes: 3, databases }, "3 B of files"],
  ["nothing before it has ended", { websiteSizeInBytes: null }, null],
])("a backup's contents are told as %s", (_, properties, text) => {
  expect(shown(properties)).toBe(text);
});
