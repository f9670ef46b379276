import { describe, expect, it } from "vitest";
import { fullContainerUrl, parseContainerUrl } from "../../src/domain/container-url.ts";
import { Secret } from "../../src/domain/secret.ts";

const parse = (text: string) => parseContainerUrl(new Secret(text), "properties.storageAccountUrl");

describe("a container's URL", () => {
  it("comes apart into the container and its credential, and together again", () => {
    const text = "https://acct.blob.core.windows.net/backups?se=2027&sig=x%3D";
    const access = parse(text);
    expect(access.container).toBe("https://acct.blob.core.windows.net/backups");
    expect(access.credential?.reveal()).toBe("se=2027&sig=x%3D");
    expect(fullContainerUrl(access).reveal()).toBe(text);
  });

  it("may be a folder, which has no credential", () => {
    expect(parse("file:///srv/backups/")).toEqual({ container: "file:///srv/backups" });
  });

  it.each([
    "nonsense?sig=planted",
    "ftp://h/c?sig=planted",
    "https://user:planted@h/c",
    "https://user@h/c?sig=planted",
    "https://:planted@h/c",
    "https://h?sig=planted",
  ])("is refused without being repeated: %s", (text) => {
    expect(() => parse(text)).toThrow(/properties\.storageAccountUrl/);
    expect(() => parse(text)).not.toThrow(/planted/);
  });
});
