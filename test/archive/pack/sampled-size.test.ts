import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { MemorySite } from "../../support/memory-site.ts";
import { listSite } from "../../../src/archive/listing/list-site.ts";
import { sampledSize } from "../../../src/archive/pack/sampled-size.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { FileUnreadable } from "../../../src/ports/site-files.ts";

const { signal } = new AbortController();
let site: MemorySite;
beforeEach(() => (site = new MemorySite()));

const write = (name: string, content: Uint8Array): void =>
  site.writeFile(pathFromText(`site/wwwroot/${name}`), content);

const sampled = async (): Promise<number> => {
  const { listing } = await listSite(site, { signal });
  return sampledSize({ files: site, listing, level: 4, signal });
};

const words = (bytes: number): Buffer =>
  Buffer.from(Array.from({ length: bytes / 8 }, (_, at) => `${(at * 7_919) % 9_973} word `.slice(0, 8)).join(""));

describe("a sample of a site's files", () => {
  it("takes what does not get smaller as it is", async () => {
    for (let number = 0; number < 50; number++) write(`photo-${number}.jpg`, randomBytes(number * 4_001));
    const total = (50 * 49 * 4_001) / 2;
    expect((await sampled()) / total).toBeGreaterThan(0.99);
    expect((await sampled()) / total).toBeLessThanOrEqual(1);
  });

  it("is near to what large files really deflate to", async () => {
    const [text, image] = [words(8_000_000), Buffer.concat([Buffer.alloc(6_000_000), randomBytes(2_000_000)])];
    write("log.txt", text);
    write("disk.img", image);
    const real = [text, image].reduce((sum, bytes) => sum + deflateRawSync(bytes, { level: 4 }).length, 0);
    expect((await sampled()) / real).toBeGreaterThan(0.9);
    expect((await sampled()) / real).toBeLessThan(1.1);
  });

  it("says nothing for files that cannot be read, empty ones and none at all", async () => {
    expect(await sampled()).toBe(0);
    write("empty", new Uint8Array());
    expect(await sampled()).toBe(0);
    site = new MemorySite({
      beforeRead: (path) => {
        throw new FileUnreadable(path, "Permission was denied.");
      },
    });
    write("closed", randomBytes(10_000));
    expect(await sampled()).toBe(0);
  });
});
