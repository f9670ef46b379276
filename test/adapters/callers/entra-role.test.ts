import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { roleBy } from "../../../src/adapters/callers/entra-role.ts";

const [reader, operator, admin] = ["Lifeboat.Reader", "Lifeboat.Operator", "Lifeboat.Admin"];
const impersonation = "user_impersonation";

describe("the role of a token", () => {
  it.each([
    [[reader], "reader"],
    [[operator], "operator"],
    [[admin], "admin"],
    [[reader, admin, operator], "admin"],
    [["lifeboat.operator"], "operator"],
    [["Other.Admin", "Admin", "admin", "Lifeboat.", "Lifeboat.Root", "constructor", "__proto__"], undefined],
    [[], undefined],
    [undefined, undefined],
    [null, undefined],
    [{ 0: admin }, undefined],
    [[[admin]], undefined],
  ])("of an app is the highest of its app roles: %j is %s", (roles, expected) => {
    expect(roleBy({ roles, scp: undefined }, "narrow")).toBe(expected);
    expect(roleBy({ roles, scp: undefined }, "grant")).toBe(expected);
  });

  it.each([
    [[admin], impersonation, "admin", "admin"],
    [[reader], impersonation, "reader", "reader"],
    [[admin], reader, "reader", "reader"],
    [[reader], admin, "reader", "reader"],
    [[operator], `openid ${reader} ${operator}`, "operator", "operator"],
    [[admin], "openid profile", undefined, undefined],
    [[admin], "", undefined, undefined],
    [undefined, impersonation, undefined, undefined],
    [undefined, operator, undefined, "operator"],
    [[], `${operator} ${impersonation}`, undefined, "operator"],
    [undefined, "", undefined, undefined],
  ])("of a user, %j with scopes %j, is %s when scopes narrow and %s when they grant", (roles, scp, narrow, grant) => {
    expect(roleBy({ roles, scp }, "narrow")).toBe(narrow);
    expect(roleBy({ roles, scp }, "grant")).toBe(grant);
  });

  it("is named in docs/callers.md as here", () => {
    const text = readFileSync("docs/callers.md", "utf8");
    for (const name of [reader, operator, admin, impersonation]) expect(text).toContain(`\`${name}\``);
  });
});
