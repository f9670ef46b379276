import { createHmac, createPublicKey } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { entraTokens } from "../../../src/adapters/callers/entra-tokens.ts";
import type { Tokens } from "../../../src/ports/tokens.ts";
import {
  audience,
  startTokenAuthority,
  tenant,
  type Claims,
  type TokenAuthority,
} from "../../support/token-authority.ts";

const start = Date.parse("2026-11-21T12:00:00Z");
let now = start;
const clock = { now: () => new Date(now) };
const later = (ms: number): void => void (now += ms);
const [second, hour] = [1_000, 3_600_000];

let authority: TokenAuthority;
let other: TokenAuthority;
let warned: string[];
beforeAll(async () => {
  authority = await startTokenAuthority(() => new Date(now));
  other = await startTokenAuthority(() => new Date(now));
});
afterAll(async () => {
  await authority.close();
  await other.close();
});

/** As after a start: no key is known. */
let tokens: Tokens;
/** An authority that answers has all the time it needs; waiting for one that does not costs some. */
const startWith = ({ timeoutMs }: { readonly timeoutMs: number }): void => {
  const audiences = ["some-client-id", audience];
  const settings = { tenant, audiences, authority: authority.url, scopes: "narrow" } as const;
  tokens = entraTokens(settings, { clock, warn: (message) => void warned.push(message), timeoutMs });
};
beforeEach(async () => {
  now = start;
  warned = [];
  authority.answer("keys");
  authority.publish();
  startWith({ timeoutMs: 60_000 });
});

const collectGarbage = (): void => {
  setFlagsFromString("--expose-gc");
  // Safe: with the flag it is there.
  (runInNewContext("gc") as () => void)();
};

const caller = (token: string, search = true) => tokens.callerOf(token, { search });
const withClaims = async (claims: Claims) => caller(await authority.token(claims));
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token of Entra ID", () => {
  it("tells who asks and what he may", async () => {
    expect(await withClaims({})).toEqual({
      kind: "token",
      id: "11111111-2222-3333-4444-555555555555",
      name: "ada@example.org",
      role: "operator",
      reach: "all",
    });
  });

  it("may be of version 1.0, and an app's own", async () => {
    const older = {
      iss: `https://sts.windows.net/${tenant}/`,
      azp: undefined,
      appid: "an-app",
      preferred_username: undefined,
    };
    expect(await withClaims({ ...older, aud: "some-client-id" })).toMatchObject({ name: "an-app", role: "operator" });
  });

  it("may be told by a clock that is a minute off", async () => {
    const seconds = start / 1_000;
    await expect(withClaims({ exp: seconds - 59 })).resolves.toBeDefined();
    await expect(withClaims({ nbf: seconds + 59 })).resolves.toBeDefined();
    await expect(withClaims({ exp: seconds - 61 })).rejects.toThrow("it expired at 2026-11-21T11:58:59.000Z");
    await expect(withClaims({ nbf: seconds + 61 })).rejects.toThrow("not valid before 2026-11-21T12:01:01.000Z");
  });

  it.each<readonly [string, Claims]>([
    ["another authority", { iss: "https://login.example.org/x/v2.0" }],
    ["another tenant's issuer", { iss: `https://sts.windows.net/${tenant.replace("6", "7")}/` }],
    ["another tenant", { tid: tenant.replace("6", "7") }],
    ["no tenant", { tid: undefined }],
    ["somebody else", { aud: "api://other" }],
    ["somebody else beside others", { aud: ["api://other", "api://third"] }],
    ["nobody in particular", { aud: undefined }],
    ["an issuer untold", { iss: undefined }],
    ["no end", { exp: undefined }],
    ["no beginning", { nbf: undefined }],
    ["a beginning beyond all calendars", { nbf: 1e20 }],
    ["an end that is no number", { exp: "tomorrow" }],
    ["a login, not an access", { azp: undefined }],
    ["nobody", { oid: undefined, sub: undefined }],
  ])("for or of %s is refused", async (_what, claims) => {
    await expect(withClaims(claims)).rejects.toMatchObject({ code: "TokenRefused" });
  });

  it("without a role is somebody without a role", async () => {
    await expect(withClaims({ roles: undefined })).rejects.toMatchObject({ code: "CallerWithoutRole" });
    await expect(withClaims({ scp: "openid" })).rejects.toMatchObject({ code: "CallerWithoutRole" });
  });

  it("is refused without a signature, whatever spelling of none it has", async () => {
    const [, claims] = (await authority.token()).split(".");
    for (const alg of ["none", "None", "NONE", ""])
      for (const signature of ["", "AAAA"])
        await expect(caller(`${encoded({ alg, typ: "JWT" })}.${claims}.${signature}`)).rejects.toMatchObject({
          code: "TokenRefused",
        });
  });

  it("is refused when the public key served as a shared secret", async () => {
    const jwk = authority.publicKey();
    const pem = createPublicKey({ key: { ...jwk }, format: "jwk" }).export({ type: "spki", format: "pem" });
    const [, claims] = (await authority.token()).split(".");
    const head = `${encoded({ alg: "HS256", kid: jwk.kid, typ: "JWT" })}.${claims}`;
    for (const secret of [String(pem), String(pem).trim(), JSON.stringify(jwk), jwk.n ?? ""])
      await expect(
        caller(`${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`),
      ).rejects.toMatchObject({ code: "TokenRefused" });
  });

  it("is refused when somebody else signed it, also under the right key's name", async () => {
    const claims = { iss: `${authority.url}/${tenant}/v2.0` };
    const kid = authority.publicKey().kid ?? "";
    await expect(caller(await other.token(claims, { kid }))).rejects.toThrow("signature is not right");
    await expect(caller(await other.token(claims, { kid: "unknown" }))).rejects.toThrow("not Entra ID's");
  });

  it("is refused when it brings its own key, or says where to find one", async () => {
    const [, claims] = (await other.token({ iss: `${authority.url}/${tenant}/v2.0` })).split(".");
    const signature = "A".repeat(342);
    for (const bringing of [
      { jwk: other.publicKey() },
      { jku: `${other.url}/${tenant}/discovery/v2.0/keys` },
      { crit: ["x"], x: 1 },
    ]) {
      const header = encoded({ alg: "RS256", kid: "key-1", ...bringing });
      await expect(caller(`${header}.${claims}.${signature}`)).rejects.toMatchObject({ code: "TokenRefused" });
    }
    expect(other.asked()).toBe(0);
  });

  it("is refused with one bit of it changed, wherever", async () => {
    const token = await authority.token();
    const [header = "", claims = "", signature = ""] = token.split(".");
    const flipped = (part: string): string => {
      const bytes = Buffer.from(part, "base64url");
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      return bytes.toString("base64url");
    };
    for (const changed of [
      [flipped(header), claims, signature],
      [header, flipped(claims), signature],
      [header, claims, flipped(signature)],
    ])
      await expect(caller(changed.join("."))).rejects.toMatchObject({ code: "TokenRefused" });
  });

  it.each(["", "secret", "lb_nightly_AAAA", "a.b", "a.b.c.d", "a b.c.d", "ä.b.c"])("is not %j", async (text) => {
    expect(await caller(text)).toBeUndefined();
  });

  it.each(["a.b.c", "..", "e30.e30.", `${"A".repeat(8_000)}.${"A".repeat(8_000)}.A`])(
    "is refused where it only looks like one, case %#",
    async (text) => {
      if (text === "..") expect(await caller(text)).toBeUndefined();
      else await expect(caller(text)).rejects.toMatchObject({ code: "TokenRefused" });
    },
  );

  it("says nothing of itself in a refusal", async () => {
    const error: unknown = await withClaims({ aud: "planted-audience", preferred_username: "planted-name" }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "TokenRefused" });
    expect(String(error)).not.toContain("planted");
  });
});

describe("the authority's keys", () => {
  const asksDuring = async (work: () => Promise<unknown>): Promise<number> => {
    const before = authority.asked();
    await work();
    return authority.asked() - before;
  };

  it("are asked for once, by however many at once, and then not for an hour", async () => {
    const token = await authority.token({ exp: start / 1_000 + 100 * 3_600 });
    expect(await asksDuring(() => Promise.all(Array.from({ length: 20 }, () => caller(token))))).toBe(1);
    later(hour - second);
    expect(await asksDuring(() => caller(token))).toBe(0);
    later(second);
    // In the background: the answer does not wait for it.
    const asked = authority.asked();
    await caller(token);
    await expect.poll(() => authority.asked()).toBe(asked + 1);
  });

  it("that are new are found when a token comes that is signed with one", async () => {
    await withClaims({});
    await authority.roll();
    authority.publish();
    expect(await asksDuring(() => withClaims({}))).toBe(1);
    expect(await asksDuring(() => withClaims({}))).toBe(0);
  });

  it("are not asked for again and again for keys that do not exist", async () => {
    await withClaims({});
    const unknown = (kid: string) => other.token({ iss: `${authority.url}/${tenant}/v2.0` }, { kid });
    const attack = async () => {
      for (let time = 0; time < 20; time++) await expect(caller(await unknown(`made-up-${time}`))).rejects.toThrow();
    };
    expect(await asksDuring(attack)).toBe(1);
    later(30 * second);
    expect(await asksDuring(attack)).toBe(1);
  });

  it("are not asked for at all on behalf of somebody who failed too often", async () => {
    await withClaims({});
    await authority.roll();
    authority.publish();
    const token = await authority.token();
    expect(await asksDuring(() => expect(caller(token, false)).rejects.toMatchObject({ code: "TokenRefused" }))).toBe(
      0,
    );
    expect(await caller(token)).toBeDefined();
  });

  it("that were withdrawn open nothing after an hour", async () => {
    const token = await authority.token({ exp: start / 1_000 + 100 * 3_600 });
    await caller(token);
    await authority.roll();
    authority.publish();
    later(hour);
    const asked = authority.asked();
    await caller(token);
    await expect.poll(() => authority.asked()).toBe(asked + 1);
    await expect
      .poll(() =>
        caller(token).then(
          () => "let in",
          () => "refused",
        ),
      )
      .toBe("refused");
  });

  it.each(["failure", "garbage", "redirect", "silence"] as const)(
    "that cannot be had (%s) are nobody's failure: come again later",
    async (how) => {
      if (how === "silence") startWith({ timeoutMs: 2_000 });
      authority.answer(how);
      await expect(withClaims({})).rejects.toMatchObject({ code: "Unavailable" });
      expect(await asksDuring(() => expect(withClaims({})).rejects.toMatchObject({ code: "Unavailable" }))).toBe(0);
      authority.answer("keys");
      later(5 * second);
      expect(await withClaims({})).toBeDefined();
    },
  );

  it("that come without end are given up, also when garbage is collected meanwhile", async () => {
    startWith({ timeoutMs: 500 });
    authority.answer("drip");
    let isOver = false;
    const asking = expect(withClaims({}))
      .rejects.toThrow("there was no answer within 0.5 s.")
      .finally(() => (isOver = true));
    while (!isOver) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await asking;
  });

  it("serve for a day while the authority is away", async () => {
    const token = await authority.token({ exp: start / 1_000 + 100 * 3_600 });
    await caller(token);
    authority.answer("failure");
    later(24 * hour - second);
    expect(await caller(token)).toBeDefined();
    await expect.poll(() => warned.length).toBe(1);
    expect(warned[0]).toContain("answered 500");
    later(6 * second);
    await expect(caller(token)).rejects.toMatchObject({ code: "Unavailable" });
  });

  it("are not looked for by a made-up token while the authority is away, more often than it can bear", async () => {
    await withClaims({});
    authority.answer("failure");
    await authority.roll();
    await expect(withClaims({})).rejects.toMatchObject({ code: "Unavailable" });
    await expect(withClaims({})).rejects.toMatchObject({ code: "TokenRefused" });
  });
});
