import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openSession, sessionBelow } from "../support/document-session.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, tlsUrl } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

describeWith("curl", ["bash", "curl"].every(hasCommand), "curl", () => {
  const folder = temporaryFolder();
  afterAll(async () => {
    await killAll();
    folder.remove();
  });

  it("does what docs/clients.md shows", async () => {
    const data = join(folder.path, ".lifeboat");
    const service = await startLifeboat({ data, flags: ["--tls-port", "0"] });
    const instead = { "https://localhost:7443": tlsUrl(service) };
    const session = openSession({ directory: folder.path, environment: { HOME: folder.path }, instead });
    const page = join(data, "www", "example", "site", "wwwroot", "index.html");
    const content = readFileSync(page, "utf8");
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
