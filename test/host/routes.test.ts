import { describe, expect, it } from "vitest";
import { get, send } from "./call.ts";

type Reached = { readonly function: string; readonly params: Readonly<Record<string, string>>; readonly url: string };

const reached = async (path: string, method = "GET"): Promise<Reached | number> => {
  const answer = await send(method, path);
  return answer.status === 200 ? answer.json<Reached>() : answer.status;
};
const functionAt = async (path: string): Promise<string | number> => {
  const found = await reached(path);
  return typeof found === "number" ? found : found.function;
};
const paramsAt = async (path: string): Promise<object | number> => {
  const found = await reached(path);
  return typeof found === "number" ? found : found.params;
};

describe("of several functions whose route fits, the first by name answers", () => {
  it.each([
    { path: "/order/case", first: "aroute", rule: "letter case does not count" },
    { path: "/order/underscore", first: "sepA", rule: "an underscore sorts after letters" },
    { path: "/order/dash", first: "dash-a", rule: "a hyphen sorts before letters" },
    { path: "/order/digit", first: "digit1", rule: "a digit sorts before letters" },
    { path: "/order/number", first: "n10", rule: "numbers are texts" },
    { path: "/shadow/literal", first: "a_catch", rule: "a catch-all is as good as a literal" },
    { path: "/any/7", first: "cons_any", rule: "a constraint gives no precedence" },
    { path: "/fall/7", first: "adef2", rule: "its constraint holds" },
    { path: "/fall/x", first: "zdef1", rule: "the constraint of the one before fails" },
  ])("$path: $first, for $rule", async ({ path, first }) => {
    expect(await functionAt(path)).toBe(first);
  });
});

describe("a path", () => {
  it.each([
    ["/hello", "hello"],
    ["/HELLO", "hello"],
    ["/hello/", "hello"],
    ["/hello//", 404],
    ["//hello", 404],
    ["/v1/sub", "sub"],
    ["/v1//sub", 404],
    ["/v1/sub/x", 404],
    ["/v1", 404],
    ["/x/admin", "x_admin"],
    ["/nothing/here", 404],
    ["/favicon.ico", 404],
    ["/disabled", 404],
    ["/named_by_itself", "Named_By_Itself"],
  ])("%s leads to %s", async (path, expected) => {
    expect(await functionAt(path)).toBe(expected);
  });

  it.each([
    ["/v1/./sub", "sub"],
    ["/v1/x/../sub", "sub"],
    ["/v1/x/%2e%2e/sub", "sub"],
    ["/x/%2E%2e/../hello", "hello"],
    ["/../../hello", "hello"],
  ])("%s has its dots resolved before it is matched", async (path, expected) => {
    expect(await functionAt(path)).toBe(expected);
  });

  it("with a NUL is refused", async () => {
    const answer = await get("/one/a%00b");
    expect([answer.status, answer.text]).toEqual([400, ""]);
  });

  it("that nothing answers gets an empty 404", async () => {
    const answer = await get("/nothing/here");
    expect([answer.status, answer.text, answer.headers["content-length"]]).toEqual([404, "", "0"]);
  });
});

describe("a method that the function does not have", () => {
  it.each(["POST", "PUT", "HEAD", "OPTIONS", "DELETE"])("%s is an empty 404 without Allow", async (method) => {
    const answer = await send(method, "/hello");
    expect([answer.status, answer.text, answer.headers.allow]).toEqual([404, "", undefined]);
  });

  it("is taken by a catch-all that has it", async () => {
    expect(await reached("/shadow/literal", "POST")).toMatchObject({ function: "a_catch" });
  });

  it("is neither of GET and POST where none was named", async () => {
    const statuses = ["GET", "POST", "PUT"].map(async (method) => (await send(method, "/Named_By_Itself")).status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
  });
});

describe("a parameter", () => {
  it.each([
    ["/optional/7", { id: "7" }],
    ["/optional", {}],
    ["/optional/", {}],
    ["/optional/x", 404],
    ["/fallback", { id: "first" }],
    ["/fallback/second", { id: "second" }],
    ["/whole", {}],
    ["/whole/", {}],
    ["/whole/a", { rest: "a" }],
    ["/whole/a/b", { rest: "a/b" }],
    ["/whole/a//b/", { rest: "a//b/" }],
    ["/one", 404],
    ["/one/a/b", 404],
    ["/file/report.csv", { name: "report", extension: "csv" }],
    ["/file/report", { name: "report" }],
    ["/file/a.b.c", { name: "a.b", extension: "c" }],
    ["/pair/a-b", { left: "a", right: "b" }],
    ["/pair/a", 404],
  ])("of %s is %o", async (path, expected) => {
    expect(await paramsAt(path)).toEqual(expected);
  });

  it.each([
    ["/one/%C3%A4%20b", "ä b"],
    ["/one/a+b", "a+b"],
    ["/one/50%25", "50%"],
    ["/one/50%", "50%"],
    ["/one/a%2Fb", "a%2Fb"],
    ["/one/a%252Fb", "a%2Fb"],
    ["/one/%FF", "%FF"],
  ])("of %s is decoded once, a slash never: %s", async (path, value) => {
    expect(await paramsAt(path)).toEqual({ value });
  });

  it.each(["/one/a%2Fb", "/one/a%252Fb"])("of %s stands in the URL with its percent sign encoded", async (path) => {
    expect(await reached(path)).toMatchObject({ url: expect.stringMatching(/\/one\/a%252Fb$/) });
  });
});

describe("a constraint", () => {
  it.each([
    ["int", ["7", "-7", "+7", "2147483647"], ["x", "7.5", "2147483648", "1,000"]],
    ["long", ["9223372036854775807"], ["9223372036854775808", "x"]],
    ["bool", ["true", "FALSE"], ["1", "yes"]],
    ["guid", ["6F9619FF-8B86-D011-B42D-00CF4FC964FF", "6f9619ff8b86d011b42d00cf4fc964ff"], ["6F9619FF-8B86", "x"]],
    ["alpha", ["abcXYZ"], ["abc1", "%C3%A4"]],
    ["decimal", ["1.5", "-1", "1,000.5"], ["x", "1e5"]],
    ["double", ["1.5", "1e5"], ["x"]],
    ["datetime", ["2026-01-31", "2026-01-31T10:00:00Z"], ["x"]],
    ["length", ["abc"], ["ab", "abcd"]],
    ["lengths", ["ab", "abcd"], ["a", "abcde"]],
    ["minlength", ["abc", "abcd"], ["ab"]],
    ["maxlength", ["a", "abc"], ["abcd"]],
    ["min", ["10", "11"], ["9", "x"]],
    ["max", ["10", "-5"], ["11", "x"]],
    ["range", ["5", "7"], ["4", "8"]],
    ["regex", ["a1", "A23"], ["a", "b1", "a1b"]],
    ["two", ["abc"], ["ab", "ab1"]],
  ])("%s lets %j pass and nothing like %j", async (name, good, bad) => {
    const statuses = async (values: readonly string[]): Promise<readonly number[]> =>
      Promise.all(values.map(async (value) => (await get(`/is/${name}/${value}`)).status));
    expect(await statuses(good)).toEqual(good.map(() => 200));
    expect(await statuses(bad)).toEqual(bad.map(() => 404));
  });
});

describe("the host's own addresses", () => {
  it("win over a catch-all", async () => {
    expect((await get("/admin/host/status")).status).toBe(401);
    expect((await get("/admin/host/ping")).text).toBe("");
    expect((await get("/runtime/webhooks/nothing")).status).toBe(404);
  });

  it.each(["/admin", "/admin/xyz", "/runtime", "/runtime/xyz", "/administration", "/runtimes/x"])(
    "leave %s to a catch-all, a function with such a route being refused",
    async (path) => {
      expect(await functionAt(path)).toBe("zz_reserved");
    },
  );

  it("include a home page where no function answers", async () => {
    const answer = await get("/");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toMatch(/^text\/html/);
  });
});
