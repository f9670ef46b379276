import { execFile } from "node:child_process";
import { readFileSync, statSync, symlinkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine, endCommandLines } from "../support/command-line.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

const folder = temporaryFolder();
const data = join(folder.path, "data");
let service: LifeboatProcess;

beforeAll(async () => {
  service = await startLifeboat({ data, flags: ["--tls-port", "0"] });
  mkdirSync(join(folder.path, "bin"));
  symlinkSync(join(process.cwd(), "dist", "cli.js"), join(folder.path, "bin", "lifeboat"));
});
afterAll(async () => {
  endCommandLines();
  await killAll();
  folder.remove();
});

describeWith("bash", hasCommand("bash"), "completion in bash", () => {
  const completed = async (...words: readonly string[]): Promise<readonly string[]> => {
    const script =
      'source <(lifeboat completion bash); COMP_WORDS=(lifeboat "$@"); COMP_CWORD=$#; _lifeboat; printf "%s\\n" "${COMPREPLY[@]}"';
    const PATH = `${join(folder.path, "bin")}:${process.env["PATH"] ?? ""}`;
    const env = { PATH, HOME: folder.path, LIFEBOAT_DATA: data };
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script, "bash", ...words], { env });
    return stdout.split("\n").filter((word) => word !== "");
  };

  it("completes commands, sites and options, by the command as it is installed", async () => {
    expect(await completed("re")).toEqual(["restore"]);
    expect(await completed("restore", "ex")).toEqual(["example"]);
    expect(await completed("restore", "example", "--dr")).toEqual(["--dry-run"]);
    expect(await completed("restore", "example", "")).toEqual(["latest"]);
  });

  it("offers nothing, and says nothing, where no service answers", async () => {
    expect(await completed("--data", join(folder.path, "none"), "restore", "")).toEqual([]);
  });
});

/** How each begins without what the machine has configured, and takes the completion in. */
const shells = [
  { shell: "zsh", flags: ["-f", "-i"], load: "source <(lifeboat completion zsh)" },
  { shell: "fish", flags: ["--private", "-i"], load: "lifeboat completion fish | source" },
] as const;

for (const { shell, flags, load } of shells)
  describeWith(shell, hasCommand(shell) && hasCommand("python3"), `completion in ${shell}`, () => {
    it("completes commands, sites, options and folders as they are typed", async () => {
      const PATH = `${join(folder.path, "bin")}:${process.env["PATH"] ?? ""}`;
      const environment = { PATH, LIFEBOAT_DATA: data, XDG_CONFIG_HOME: folder.path, XDG_DATA_HOME: folder.path };
      mkdirSync(join(folder.path, "kept-here"), { recursive: true });
      const session = commandLine(environment, folder.path).terminal(flags, { program: [shell] });
      // What the completed lines say when they run, and nothing that is echoed while they are typed.
      session.type(`${load}\nlifeboat stat\t\n`);
      await session.shows(/example +no backup/);
      session.type("lifeboat restor\texam\tlat\t--dry\t\n");
      await session.shows(/example has no backup that can be restored/);
      session.type("lifeboat site a\tnew kept-h\t --ww\t\n");
      await session.shows(/kept-here\/? cannot be the directory of a site/);
      session.type("exit\n");
      expect(await session.ended).toBeTypeOf("number");
    });
  });

describe("a deployment in Azure", () => {
  it("is spoken to with a token of the identity that this machine has", async () => {
    const [, secret = ""] = bearer(data)["authorization"]?.split(" ") ?? [];
    const environment = { IDENTITY_ENDPOINT: `${service.url}/msi/token`, IDENTITY_HEADER: secret };
    const lifeboat = commandLine(environment, folder.path);
    const { code, out, err } = await lifeboat.run("status", "--url", service.url, "--audience", "api://lifeboat");
    expect([code, err, out]).toEqual([0, "", expect.stringMatching(/^SITE[^\n]*\nexample +no backup/)]);
  });

  it("says how to log in where there is none", async () => {
    // Of all ways to log in the one that asks nobody.
    const environment = { AZURE_TOKEN_CREDENTIALS: "EnvironmentCredential" };
    const lifeboat = commandLine(environment, folder.path);
    const { code, err } = await lifeboat.run("status", "--url", service.url, "--audience", "api://lifeboat");
    expect([code, err]).toEqual([
      6,
      expect.stringMatching(/^Entra gave no token for api:\/\/lifeboat: .* Log in with `az login`, or use a key\./),
    ]);
  });
});

describe("the start of the command line", () => {
  /** What is loaded before anything was typed: help needs nothing else. */
  const loaded = (file: string, known = new Set<string>()): ReadonlySet<string> => {
    if (known.has(file)) return known;
    known.add(file);
    const text = readFileSync(join("dist", file), "utf8");
    for (const found of text.matchAll(/^(?:import|export)\b[^"]*?"\.\/([^"]+)"/gm)) loaded(found[1] ?? "", known);
    return known;
  };

  it("loads little: no command's code, no HTTP, no login of Azure", () => {
    const files = [...loaded("cli.js")];
    const bytes = files.reduce((sum, file) => sum + statSync(join("dist", file)).size, 0);
    expect(bytes).toBeLessThan(250_000);
    const text = files.map((file) => readFileSync(join("dist", file), "utf8")).join("");
    expect(text).not.toMatch(/from "node:https?"|DefaultAzureCredential/);
  });

  it("is a command by itself", () => {
    expect(readFileSync("dist/cli.js", "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync("dist/cli.js").mode & 0o111).toBe(0o111);
  });
});
