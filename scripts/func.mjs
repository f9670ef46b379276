// npm run func [-- FUNC ARGUMENTS]: starts the build under Azure Functions Core Tools, with Azurite as its storage.
// Core tools are fetched on first use; Azurite keeps its data in the data folder, and both stop together.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const coreTools = "azure-functions-core-tools@4.13.2"; // the newest that Node 20 may run
const ports = { blob: 10000, queue: 10001, table: 10002 }; // what UseDevelopmentStorage=true stands for

const ended = (child) =>
  new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", (code, signal) => resolve(signal ? 0 : code));
  });

const node = (args, options) => spawn(process.execPath, args, { cwd: root, ...options });

/** Runs `func` out of npm's own cache. npm's words are not shown: what they would say is said below, plainly. */
const func = (args, options) => {
  const env = { ...process.env, FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT: "1" };
  const exec = [
    "exec",
    "--yes",
    "--loglevel=silent",
    "--ignore-scripts",
    "--package",
    coreTools,
    "--",
    "func",
    ...args,
  ];
  const npm = process.env.npm_execpath;
  return npm
    ? node([npm, ...exec], { env, ...options })
    : spawn("npm", exec, { cwd: root, env, shell: process.platform === "win32", ...options });
};

const isOpen = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (open) => () => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", answer(true)).once("error", answer(false));
  });

const startAzurite = () => {
  const folder = join(process.env.LIFEBOAT_DATA ?? join(homedir(), ".lifeboat"), ".azurite");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const listen = Object.entries(ports).flatMap(([service, port]) => [
    `--${service}Host`,
    "127.0.0.1",
    `--${service}Port`,
    `${port}`,
  ]);
  const options = ["--location", folder, "--silent", "--disableTelemetry", "--skipApiVersionCheck", ...listen];
  console.log(`Storage: Azurite on 127.0.0.1, ports ${Object.values(ports).join(", ")}; its data is in ${folder}`);
  return node(["node_modules/azurite/dist/src/azurite.js", ...options], {
    stdio: ["ignore", "ignore", "inherit"],
    detached: process.platform !== "win32",
  });
};

const answers = async (azurite) => {
  for (let tries = 0; tries < 300 && azurite.exitCode === null; tries++) {
    if ((await Promise.all(Object.values(ports).map(isOpen))).every(Boolean)) return true;
    await sleep(100);
  }
  return false;
};

const refuse = (...lines) => {
  console.error(lines.join("\n"));
  return 1;
};

const run = async (args) => {
  if (!existsSync(join(root, "dist/main.js")) && (await ended(node(["scripts/build.mjs"], { stdio: "inherit" }))) !== 0)
    return refuse("The build failed; nothing was started.");
  console.log(`Looking for ${coreTools}; the first time it is fetched, some 650 MB.`);
  if ((await ended(func(["--version"], { stdio: "inherit" }))) !== 0)
    return refuse(
      `${coreTools} is missing and could not be fetched or started.`,
      "The first run needs the npm registry and cdn.functions.azure.com; the program itself needs what .NET needs on this system (on Debian: libicu).",
      "Nothing else needs it: `npm start` runs the same build on plain Node.",
    );
  for (const [service, port] of Object.entries(ports))
    if (await isOpen(port))
      return refuse(
        `Port ${port} is taken, and Azurite's ${service} service needs it (UseDevelopmentStorage=true names no other).`,
        "Stop what listens there (another Azurite?) and run this again.",
      );
  return together(args);
};

const together = async (args) => {
  const azurite = startAzurite();
  const azuriteEnded = ended(azurite);
  let host;
  // A Ctrl-C in a terminal has reached the host already; Azurite, in a group of its own, stops after it.
  process.on("SIGINT", () => (host && process.stdin.isTTY ? undefined : (host ?? azurite).kill("SIGINT")));
  process.on("SIGTERM", () => (host ?? azurite).kill("SIGTERM"));
  try {
    if (!(await answers(azurite))) return refuse("Azurite did not start; its own message is above.");
    host = func(["start", ...args], { stdio: "inherit" });
    return await ended(host);
  } finally {
    azurite.kill("SIGTERM");
    await azuriteEnded;
  }
};

process.exitCode = await run(process.argv.slice(2));
