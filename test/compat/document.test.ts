import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSession, sessionBelow } from "../support/document-session.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, tlsUrl, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

const run = promisify(execFile);
const folder = temporaryFolder();
// As the document has it: the data folder below the home of whoever reads it.
const data = join(folder.path, ".lifeboat");
const page = join(data, "www", "example", "site", "wwwroot", "index.html");
let service: LifeboatProcess;
let content: string;
beforeAll(async () => {
  service = await startLifeboat({ data, flags: ["--tls-port", "0"] });
  content = readFileSync(page, "utf8");
});
afterAll(async () => {
  await killAll();
  folder.remove();
});

describeWith("curl", ["bash", "curl"].every(hasCommand), "curl", () => {
  it("does what docs/clients.md shows", async () => {
    const instead = { "https://localhost:7443": tlsUrl(service) };
    const session = openSession({ directory: folder.path, environment: { HOME: folder.path }, instead });
    const said: string[] = [];
    for (const block of sessionBelow("docs/clients.md", "## curl")) {
      if (block.includes("restore")) writeFileSync(page, "changed since");
      const step = await session.paste(block);
      expect(step).toMatchObject({ code: 0 });
      said.push(step.said);
    }
    await session.close();
    expect(said[1]).toMatch(/"status":"Created"[\s\S]*"status":"Succeeded"/);
    expect(said[2]).toContain('"name":"example"');
    expect(readFileSync(page, "utf8")).toBe(content);
    expect(JSON.parse(said.at(-1) ?? "")).toMatchObject({ token_type: "Bearer", expires_in: 3_600 });
  });
});

describe("the SDK", () => {
  const node = async (program: string, environment: Readonly<Record<string, string>>): Promise<string> => {
    const env = { ...process.env, HOME: folder.path, NODE_EXTRA_CA_CERTS: join(data, "tls", "ca.pem"), ...environment };
    return (await run(process.execPath, ["--input-type=module", "-e", program], { env })).stdout;
  };

  it("does what docs/clients.md shows, logged in as a service principal", async () => {
    const [program = ""] = sessionBelow("docs/clients.md", "## The SDK", "js");
    writeFileSync(page, content);
    expect(await node(program.replace("https://localhost:7443", tlsUrl(service)), {})).toBe(
      "third.zip Succeeded \nrestored\n",
    );
  });

  it("logs in as a managed identity", async () => {
    const { secret }: { readonly secret: string } = JSON.parse(readFileSync(join(data, "admin-key"), "utf8"));
    const program = `
      import { ManagedIdentityCredential } from "@azure/identity";
      const { token } = await new ManagedIdentityCredential().getToken("${tlsUrl(service)}/.default");
      const answer = await fetch("${tlsUrl(service)}/subscriptions?api-version=2022-12-01", {
        headers: { authorization: "Bearer " + token },
      });
      console.log(answer.status);`;
    const identity = { IDENTITY_ENDPOINT: `${service.url}/msi/token`, IDENTITY_HEADER: secret };
    expect(await node(program, identity)).toBe("200\n");
  });
});
