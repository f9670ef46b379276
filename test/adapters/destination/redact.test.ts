import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { redacted, redactedCause } from "../../../src/adapters/destination/redact.ts";
import { Secret } from "../../../src/domain/secret.ts";

const sas = new Secret(`sv=2024-11-04&sp=rwdl&sig=${encodeURIComponent("aB+/c=")}`);

describe("text for people", () => {
  it.each([
    [
      "GET https://a.blob.core.windows.net/c/b.zip?sv=1&sig=xyz failed",
      "https://a.blob.core.windows.net/c/b.zip?[secret]",
    ],
    [`Signature ${"aB+/c="} did not match`, "Signature [secret] did not match"],
    [`...sig=${encodeURIComponent("aB+/c=")}&x=1`, "[secret]&x=1"],
    ["authorization: Bearer eyJ0eXAi.abc", "Bearer [secret]"],
    ["authorization: SharedKey account:c2VjcmV0", "SharedKey [secret]"],
    ["x-ms-copy-source: 'http://127.0.0.1:10000/d/c/b.zip?sig=q'", "http://127.0.0.1:10000/d/c/b.zip?[secret]'"],
  ])("%s", (text, shown) => {
    const result = redacted(text, sas);
    expect(result).toContain(shown);
    expect(result).not.toMatch(/xyz|aB\+\/c|aB%2B|eyJ0|c2VjcmV0|sig=q/);
  });

  it("keeps what is no secret", () => {
    const text = "Writing night.zip in https://a.blob.core.windows.net/c failed (503 ServerBusy).";
    expect(redacted(text, sas)).toBe(text);
    expect(redacted(text, undefined)).toBe(text);
  });

  it("is all that remains of an SDK's error: neither request nor headers come along", () => {
    const error = Object.assign(new Error("Refused: https://h/c?sig=planted"), {
      name: "RestError",
      request: { headers: { authorization: "Bearer planted" }, url: "https://h/c?sig=planted" },
    });
    const cause = redactedCause(error, sas);
    expect(cause.name).toBe("RestError");
    expect(inspect(cause, { depth: 20, showHidden: true })).not.toContain("planted");
    expect(redactedCause("no error at all?sig=planted", sas).message).not.toContain("planted");
  });
});
