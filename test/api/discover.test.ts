import { beforeEach, describe, expect, it } from "vitest";
import { MemorySite } from "../support/memory-site.ts";
import { backupRoutes } from "../../src/api/routes/backup-routes.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { writeManifest } from "../../src/manifest/write-manifest.ts";
import { bareManifest } from "../manifest/example.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";
import { packArchive } from "../support/pack-archive.ts";
import { putObject } from "../support/put-object.ts";

const container = "https://acct.blob.core.windows.net/backups";
const storageAccountUrl = `${container}?se=2027-01-01&sig=planted`;
let ask: ReturnType<typeof apiOver>;

beforeEach(async () => {
  const given = memoryInstallation();
  ask = apiOver(backupRoutes(given.deps), given.call);
  const destination = given.container(container);
  const files = new MemorySite();
  files.writeFile(pathFromText("site/wwwroot/index.html"), Buffer.from("hello"));
  const { commitId, sizeBytes } = await packArchive({ site: files, destination, name: "nightly.zip" });
  const archive = { name: "nightly.zip", sizeBytes, commitId };
  await putObject(destination, "nightly.xml", writeManifest({ ...bareManifest, archive }));
  await putObject(destination, "alone.zip", Buffer.from("no zip"));
});

const elsewhere = shopPath.replace("shop", "newmachine");

describe("discovering backups", () => {
  it.each(["discoverbackup", "backups/discover"])(
    "answers ARM's request for one archive at %s, for a site nobody knows",
    async (path) => {
      const body = { properties: { storageAccountUrl, blobName: "nightly.zip", overwrite: false } };
      const answer = await ask("POST", `${elsewhere}/${path}`, { body });
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({
        name: "newmachine",
        type: "Microsoft.Web/sites",
        properties: {
          storageAccountUrl,
          blobName: "nightly.zip",
          overwrite: false,
          siteName: "newmachine",
          databases: [],
          operationType: "Default",
          backup: { kind: "lifeboat", isRestorable: true, siteId: expect.stringContaining("/sites/shop") },
        },
      });
    },
  );

  it("lists a whole container, with what is wrong in it", async () => {
    const answer = await ask("POST", `${elsewhere}/discoverbackup`, { body: { properties: { storageAccountUrl } } });
    const { backups, total } = answer.json()["properties"] as unknown as {
      backups: { blobName: string; isRestorable: boolean }[];
      total: number;
    };
    expect(total).toBe(2);
    expect(backups.find(({ blobName }) => blobName === "nightly.zip")).toMatchObject({
      isRestorable: true,
      backupName: "first",
      problem: null,
    });
  });

  it("shows the SAS to nobody below admin", async () => {
    const body = { properties: { storageAccountUrl } };
    const answer = await ask("POST", `${elsewhere}/discoverbackup`, { as: "operator", body });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain("planted");
    expect((await ask("POST", `${elsewhere}/discoverbackup`, { as: "reader", body })).status).toBe(403);
  });

  it("refuses a blob that is not there, and a limit of nothing", async () => {
    const missing = { properties: { storageAccountUrl, blobName: "none.zip" } };
    expect((await ask("POST", `${elsewhere}/discoverbackup`, { body: missing })).status).toBe(409);
    const none = { properties: { storageAccountUrl, limit: 0 } };
    expect((await ask("POST", `${elsewhere}/discoverbackup`, { body: none })).status).toBe(400);
  });
});
