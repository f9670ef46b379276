import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openSession, sessionBelow } from "../support/document-session.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat, tlsUrl, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { serviceClient, type ServiceClient } from "../support/service-client.ts";
import { azWith, quietAz, type Az } from "./az.ts";

describeWith("az", hasCommand("az"), "az", () => {
  const folder = temporaryFolder();
  // As the document has it: the data folder below the home of whoever reads it.
  const data = join(folder.path, ".lifeboat");
  const container = pathToFileURL(join(data, "backups", "example")).href;
  const authorityFile = join(data, "tls", "ca.pem");
  const page = join(data, "www", "example", "site", "wwwroot", "index.html");
  let service: LifeboatProcess;
  let https: string;
  let client: ServiceClient;

  beforeAll(async () => {
    service = await startLifeboat({ data, flags: ["--tls-port", "0"] });
    https = tlsUrl(service);
    client = serviceClient(service.url, bearer(data), "example");
    await register();
  });
  afterAll(async () => {
    await killAll();
    folder.remove();
  });

  const secretOf = async (role: string): Promise<string> => {
    const answer = await fetch(`${service.url}/providers/Lifeboat/keys/${role}-key?api-version=2025-05-01`, {
      method: "PUT",
      headers: bearer(data),
      body: JSON.stringify({ properties: { role } }),
    });
    // Safe in a test: what is not as guessed fails the login.
    const made = (await answer.json()) as { readonly properties: { readonly secret: string } };
    return made.properties.secret;
  };
  const ended = async (backup: number): Promise<string> => {
    for (;;) {
      const status = (await client.backups()).find(({ id }) => id === backup)?.status ?? "gone";
      if (status !== "Created" && status !== "InProgress" && status !== "DeleteInProgress") return status;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const registered = join(folder.path, "az-registered");
  /** Registered with every endpoint, as somebody does who does not ask the server for them. */
  const register = async (): Promise<void> => {
    const az = azWith({ folder: registered, authorityFile });
    const audience = `${https}/`;
    const endpoints = {
      "resource-manager": audience,
      "active-directory": `${https}/adfs`,
      "active-directory-resource-id": audience,
      "active-directory-graph-resource-id": audience,
      management: audience,
    };
    const words = Object.entries(endpoints).flatMap(([name, url]) => [`--endpoint-${name}`, url]);
    await az("cloud", "register", "-n", "Lifeboat", ...words);
    await az("cloud", "set", "-n", "Lifeboat");
  };
  const loggedIn = async (name: string, secret: string): Promise<Az> => {
    const own = join(folder.path, `az-${name}`);
    cpSync(registered, own, { recursive: true });
    const az = azWith({ folder: own, authorityFile });
    await az("login", "--service-principal", "-u", name, "-p", secret, "--tenant", "adfs");
    return az;
  };
  const site = (...words: readonly string[]): readonly string[] => [
    ...words,
    "-g",
    "local",
    "--webapp-name",
    "example",
  ];
  const backup = (verb: string, ...words: readonly string[]): readonly string[] =>
    site("webapp", "config", "backup", verb, ...words);

  it("does what docs/clients.md shows, as a service principal and as a managed identity", async () => {
    const environment = { ...quietAz(join(folder.path, "az-document")), HOME: folder.path };
    const instead = { "https://localhost:7443": https, "127.0.0.1:7071": new URL(service.url).host };
    const session = openSession({ directory: folder.path, environment, instead });
    const blocks = [
      ...sessionBelow("docs/clients.md", "## az"),
      ...sessionBelow("docs/clients.md", "### As a managed identity"),
    ];
    const said: string[] = [];
    const content = readFileSync(page, "utf8");
    for (const block of blocks) {
      if (block.includes("backup restore")) {
        await ended(1);
        writeFileSync(page, "changed since");
      }
      const step = await session.paste(block);
      expect(step).toMatchObject({ code: 0 });
      said.push(step.said);
    }
    await session.close();
    expect(said[0]).toContain('"cloudName": "Lifeboat"');
    expect(said[1]).toMatch(/first\.zip[\s\S]*"frequencyInterval": 12,[\s\S]*"frequencyUnit": "Hour"/);
    expect(readFileSync(page, "utf8")).toBe(content);
    expect(readFileSync(join(data, "www", "example.staging", "site", "wwwroot", "index.html"), "utf8")).toBe(content);
    expect(await ended(1)).toBe("gone");
    expect(said.at(-1)).not.toContain("first");
  });

  it("lets an operator do everything but see secrets", async () => {
    const az = await loggedIn("operator-key", await secretOf("operator"));
    const made = await az(...backup("create", "--backup-name", "second.zip", "--container-url", container));
    expect(made).toMatchObject({ blobName: "second", namePropertiesName: "second", status: "Created" });
    // Safe: as was just seen.
    const { backupId } = made as { readonly backupId: number };
    expect(await ended(backupId)).toBe("Succeeded");
    const update = ["--frequency", "1d", "--retention", "0", "--retain-one", "false", "--container-url", container];
    const stored = {
      frequencyInterval: 1,
      frequencyUnit: "Day",
      keepAtLeastOneBackup: false,
      retentionPeriodInDays: 0,
    };
    expect(await az(...backup("update", ...update))).toMatchObject({ storageAccountUrl: "", backupSchedule: stored });
    // What was shown blank is sent back blank, and stays.
    await az(...backup("update", "--frequency", "2d"));
    expect(await az(...backup("show"))).toMatchObject({
      storageAccountUrl: "",
      backupSchedule: { ...stored, frequencyInterval: 2 },
    });
    writeFileSync(page, "changed since");
    const archive = ["--backup-name", "second", "--container-url", container];
    expect(await az.refusal(...backup("restore", ...archive))).toContain("overwrite");
    const missing = ["--backup-name", "none", "--container-url", container, "--overwrite"];
    // Refused only while it is polled.
    expect(await az.refusal(...backup("restore", ...missing))).toMatch(/none\.zip/);
    await az(...backup("restore", ...archive, "--overwrite"));
    expect(readFileSync(page, "utf8")).not.toBe("changed since");
    await az(...backup("delete", "--backup-id", String(backupId), "--yes"));
    expect(await ended(backupId)).toBe("gone");
    expect(existsSync(join(data, "backups", "example", "second.zip"))).toBe(false);
  });

  it("works for slots as for sites", async () => {
    const az = await loggedIn("admin", adminSecret(data));
    const slot = ["--slot", "staging"];
    await az(...backup("create", ...slot, "--backup-name", "slot", "--container-url", container));
    const listed = await az(...backup("list", ...slot));
    expect(listed).toMatchObject([{ name: "1", type: "Microsoft.Web/sites/backups", namePropertiesName: "slot" }]);
    expect(await az("webapp", "deployment", "slot", "list", "-g", "local", "-n", "example")).toMatchObject([
      { name: "staging" },
    ]);
    expect(await az("webapp", "list")).toMatchObject([{ name: "example", appServicePlanId: expect.any(String) }]);
    expect(await az("webapp", "show", "-g", "local", "-n", "example")).toMatchObject({ name: "example" });
    expect(await az("webapp", "deleted", "list")).toEqual([]);
    expect(await az.refusal("webapp", "config", "backup", "list", "-g", "local", "--webapp-name", "nowhere")).toMatch(
      /\(ResourceNotFound\).*Microsoft\.Web\/sites\/nowhere/,
    );
  });

  it("lets a reader look, and says why he may do no more", async () => {
    const az = await loggedIn("reader-key", await secretOf("reader"));
    expect(await az(...backup("list"))).toBeInstanceOf(Array);
    expect(await az(...backup("show"))).toMatchObject({ storageAccountUrl: "" });
    const archive = ["--backup-name", "slot", "--container-url", container];
    for (const refused of [
      backup("create", "--container-url", container),
      backup("restore", ...archive, "--overwrite"),
      backup("delete", "--backup-id", "1", "--yes"),
    ])
      expect(await az.refusal(...refused)).toContain("reader-key may not do this: it needs the role operator");
  });

  it("is not logged in with a wrong secret, nor any longer once its key is revoked", async () => {
    const az = azWith({ folder: join(folder.path, "az-reader-key"), authorityFile });
    const wrong = ["login", "--service-principal", "-u", "reader-key", "-p", "x".repeat(43), "--tenant", "adfs"];
    expect(await az.refusal(...wrong)).toContain("There is no such key, or this is not its secret.");
    await fetch(`${service.url}/providers/Lifeboat/keys/operator-key?api-version=2025-05-01`, {
      method: "DELETE",
      headers: bearer(data),
    });
    const revoked = azWith({ folder: join(folder.path, "az-operator-key"), authorityFile });
    expect(await revoked.refusal(...backup("list"))).toContain("the key that logged in is gone. Log in again.");
  });
});

const adminSecret = (data: string): string =>
  // Safe: the file that the service made.
  (JSON.parse(readFileSync(join(data, "admin-key"), "utf8")) as { readonly secret: string }).secret;
