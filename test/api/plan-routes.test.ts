import { beforeEach, describe, expect, it } from "vitest";
import { MemorySite } from "../support/memory-site.ts";
import { planRoutes } from "../../src/api/plan-routes.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import type { SiteHost } from "../../src/ports/site-host.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";

let files: MemorySite;
let ask: ReturnType<typeof apiOver>;
const write = (path: string, content: string) => files.writeFile(pathFromText(path), Buffer.from(content));

beforeEach(() => {
  const given = memoryInstallation();
  files = new MemorySite();
  // Safe: a dry run asks a host for its files alone, and whether there are any.
  const host = { files: files as SiteHost["files"], content: async () => "present" } as SiteHost;
  ask = apiOver(planRoutes({ ...given.deps, hosts: { host: async () => host } }), given.call);
  write("site/wwwroot/index.html", "12345");
  write("site/wwwroot/cache/a.tmp", "1");
  write("site/wwwroot/cache/b.tmp", "22");
  write("site/wwwroot/logs/x.log", "333");
  write(
    "site/wwwroot/_backup.filter",
    "# what nobody misses\n\\site\\wwwroot\\cache\n/site/wwwroot/logs/*.log\n/site/typo",
  );
});

type Page = { value: { path: string; included: boolean; line: number | null }[]; nextLink: string | null };
const page = async (path: string): Promise<Page> => (await ask("GET", path)).json() as unknown as Page;

describe("the dry run of a backup", () => {
  const plan = `${shopPath}/backup/plan`;

  it("tells what the backup would hold, and what each line of the filter leaves out", async () => {
    const answer = await ask("GET", plan, { as: "reader" });
    expect(answer.json()["properties"]).toEqual({
      files: 2,
      sizeInBytes: 81,
      filter: [
        { line: 2, text: "\\site\\wwwroot\\cache", entries: 3, sizeInBytes: 3 },
        { line: 3, text: "/site/wwwroot/logs/*.log", entries: 1, sizeInBytes: 3 },
        { line: 4, text: "/site/typo", entries: 0, sizeInBytes: 0 },
      ],
      unreadableCount: 0,
      unreadable: [],
      warnings: [expect.stringContaining("line 4")],
    });
    const listed = (await page(plan)).value.map(({ path, included, line }) => `${path} ${included ? "in" : line}`);
    expect(listed).toEqual([
      "site in",
      "site/wwwroot in",
      "site/wwwroot/_backup.filter in",
      "site/wwwroot/cache 2",
      "site/wwwroot/cache/a.tmp 2",
      "site/wwwroot/cache/b.tmp 2",
      "site/wwwroot/index.html in",
      "site/wwwroot/logs in",
      "site/wwwroot/logs/x.log 3",
    ]);
  });

  it.each(["all", "included", "excluded"])(
    "pages through what it shows (%s) without loss or repetition",
    async (show) => {
      const all = (await page(`${plan}?show=${show}`)).value;
      const found: unknown[] = [];
      let next: string | null = `${plan}?show=${show}&limit=2`;
      while (next !== null) {
        const part: Page = await page(next);
        found.push(...part.value);
        next = part.nextLink;
      }
      expect(found).toEqual(all);
      expect(all.every(({ included }) => show === "all" || included === (show === "included"))).toBe(true);
      expect(all.length).toBeGreaterThan(3);
    },
  );

  it("names what could not be read", async () => {
    files.leaveOut(pathFromText("site/wwwroot/cache2"), "EACCES: permission denied");
    const { properties } = (await ask("GET", plan)).json();
    expect(properties).toMatchObject({
      unreadableCount: 1,
      unreadable: [{ path: "site/wwwroot/cache2", reason: "EACCES: permission denied" }],
    });
  });

  it("refuses what it does not know", async () => {
    expect((await ask("GET", `${plan}?show=everything`)).status).toBe(400);
    expect((await ask("GET", plan.replace("shop", "nope"))).status).toBe(404);
  });
});
