import { expect, it } from "vitest";
import { listSite } from "../../../src/archive/listing/list-site.ts";
import { MemorySite } from "../../../src/adapters/site-files/memory.ts";
import { pathFromText, pathText } from "../../../src/domain/byte-path.ts";
import { filterPath } from "../../../src/domain/filter.ts";

const path = pathFromText;
const bytes = (text: string): Uint8Array => Buffer.from(text);

const pathsOf = (listing: Awaited<ReturnType<typeof listSite>>["listing"]): readonly string[] =>
  listing.entries(0, listing.length).map((entry) => pathText(entry.path));

it("does not take a filter by its first half that is replaced by a longer one just before it is read", async () => {
  let isReplaced = false;
  const site = new MemorySite({
    beforeRead: () => {
      if (isReplaced) return;
      isReplaced = true;
      // As long as the old one, this begins with all of the site.
      site.writeFile(filterPath, bytes("/site/wwwroot/cache\n"));
    },
  });
  site.writeFile(path("site/wwwroot/index.html"), bytes("hello"));
  site.writeFile(path("site/wwwroot/cache/page"), bytes("cached"));
  site.writeFile(filterPath, bytes("/site/oldie/a"));

  const { listing, filter } = await listSite(site);

  expect(filter.lines.map(({ text }) => text)).toEqual(["/site/wwwroot/cache"]);
  expect(pathsOf(listing)).toContain("site/wwwroot/index.html");
  expect(pathsOf(listing)).not.toContain("site/wwwroot/cache/page");
});

it("leaves nothing out by a filter that changes each time it is read", async () => {
  let version = 0;
  const site = new MemorySite({
    beforeRead: () => site.writeFile(filterPath, bytes(`/site/wwwroot\n${"#".repeat(++version)}`)),
  });
  site.writeFile(path("site/wwwroot/index.html"), bytes("hello"));
  site.writeFile(filterPath, bytes("/site/wwwroot"));

  const { listing } = await listSite(site);

  expect(pathsOf(listing)).toContain("site/wwwroot/index.html");
});
