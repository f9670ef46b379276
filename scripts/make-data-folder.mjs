// Makes a data folder as this version leaves it after some use, for test/e2e/upgrade.test.ts of the versions to come:
// `node scripts/build.mjs && node scripts/make-data-folder.mjs`, once for each release. Catalogs hold absolute paths, so
// the folder lies where the test will put it.
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const folder = `/var/tmp/lifeboat-${version}`;
const archive = resolve("test/fixtures/data-folders", `${version}.zip`);
const site =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Web/sites/example";

rmSync(folder, { recursive: true, force: true });
const flags = ["--data", join(folder, "data"), "--port", "0", "--tls-port", "0"];
const service = spawn(process.execPath, ["dist/start.js", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
const url = await new Promise((found) => {
  let output = "";
  service.stdout.on("data", (chunk) => {
    output += chunk.toString();
    const ready = /ready at (\S+)/.exec(output)?.[1];
    if (ready !== undefined) found(ready);
  });
});
const { secret } = JSON.parse(readFileSync(join(folder, "data", "admin-key"), "utf8"));

const ask = async (method, path, properties) => {
  const answer = await fetch(`${url}${site}${path}?api-version=2024-11-01`, {
    method,
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    ...(properties === undefined ? {} : { body: JSON.stringify({ properties }) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return { location: answer.headers.get("location"), body: text === "" ? {} : JSON.parse(text) };
};

const backUp = async (name) => {
  const { body } = await ask("POST", "/backup", { backupName: name });
  for (;;) {
    const { properties } = (await ask("GET", `/backups/${body.properties.id}`)).body;
    if (!["Created", "InProgress"].includes(properties.status)) return properties;
    await pause(100);
  }
};

const restore = async (blobName) => {
  const { location } = await ask("POST", "/restoreFromBackupBlob", { blobName, overwrite: true });
  for (;;) {
    const answer = await fetch(location.replace(/^https?:\/\/[^/]+/, url), {
      headers: { authorization: `Bearer ${secret}` },
    });
    if (answer.status === 200) return;
    if (answer.status !== 202) throw new Error(`The restore failed: ${await answer.text()}`);
    await pause(100);
  }
};

const home = join(folder, "data", "www", "example");
await backUp("first");
writeFileSync(join(home, "site/wwwroot/changed.txt"), "changed\n");
await backUp("second");
await restore("first.zip");
await ask("PUT", "/config/backup", {
  enabled: false,
  backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day", retentionPeriodInDays: 30, keepAtLeastOneBackup: true },
});
renameSync(home, `${home}-away`);
await backUp("failed");
renameSync(`${home}-away`, home);

const ended = once(service, "close");
service.kill("SIGTERM");
await ended;
mkdirSync("test/fixtures/data-folders", { recursive: true });
rmSync(archive, { force: true });
execFileSync("zip", ["-q", "-r", "-9", archive, "."], { cwd: folder });
rmSync(folder, { recursive: true });
