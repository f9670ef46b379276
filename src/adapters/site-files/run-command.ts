import { exec } from "node:child_process";
import { SiteCommandFailed } from "../../ports/site-host.ts";

const timeoutMs = 120_000;
const shownOutput = 500;

/**
 * Runs a site's stop or start command in a shell, as its owner wrote it. It gets the environment without Lifeboat's own
 * settings, which hold secrets. Throws SiteCommandFailed with the end of what it printed.
 */
export const runCommand = (command: string, what: "stop" | "start"): Promise<void> =>
  new Promise((resolve, reject) => {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(?:LIFEBOAT_|AzureWebJobs|AZURE_)/i.test(name)),
    );
    exec(command, { env, timeout: timeoutMs, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const reason = error.killed
        ? `it took longer than ${timeoutMs / 1_000} s`
        : `it ended with ${error.code ?? error.signal}`;
      const printed = `${stdout}${stderr}`.trim().slice(-shownOutput);
      reject(
        new SiteCommandFailed(
          `The site's ${what} command failed: ${reason}${printed === "" ? "" : `, and printed: ${printed}`}`,
        ),
      );
    });
  });
