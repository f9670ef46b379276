import { describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";

describe("ArchiveInvalid", () => {
  it("names the entry, what is wrong, and the next move", () => {
    const error = new ArchiveInvalid("CrcMismatch", "Its content does not match its checksum.", {
      entry: pathFromText("fs/ü.txt"),
    });
    expect(error.message).toBe('"fs/ü.txt": Its content does not match its checksum. Take it from another backup.');
    expect(error.code).toBe("CrcMismatch");
  });

  it("prints control characters of hostile names escaped, and long names short", () => {
    const entry = pathFromText(`\x1b[2J\n${"x".repeat(5000)}`);
    const { message } = new ArchiveInvalid("BadName", "Its name is bad.", { entry });
    expect(message).not.toContain("\x1b");
    expect(message).not.toContain("\n");
    expect(message.length).toBeLessThan(500);
  });
});
