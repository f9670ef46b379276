import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../src/adapters/destination/memory.ts";
import { MemorySite } from "../../src/adapters/site-files/memory.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { lines, noise } from "../support/contents.ts";
import { packArchive } from "../support/pack-archive.ts";
import { reuseArchive } from "../support/reuse-archive.ts";

const path = pathFromText;

describe("smoke", () => {
  it("copies", async () => {
    let now = 1_700_000_000_000_000_000n;
    const site = new MemorySite({ nowNs: () => (now += 10_000_000_000n) });
    site.writeFile(path("a"), lines(1000));
    site.writeFile(path("b"), noise(9_000_000));
    site.writeFile(path("c"), lines(1000));
    const destination = memoryDestination();
    const first = await packArchive({ site, destination, name: "a.zip" });
    site.writeFile(path("c"), lines(1001));
    const second = await reuseArchive({
      site,
      destination,
      previous: { name: "a.zip", commitId: first.commitId },
      name: "b.zip",
    });
    expect(second.plan.copied).toBe(2);
    expect(second.entries).toBe(3);
  });
});
