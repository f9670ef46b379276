import { describe, expect, it } from "vitest";
import { matchRoute } from "../../../src/devhost/http/match-route.ts";
import { RouteTemplateInvalid } from "../../../src/devhost/http/route-template-invalid.ts";
import { parseRouteTemplate } from "../../../src/devhost/http/route-template.ts";

describe("a route that the real host would refuse", () => {
  it.each([
    ["a//b", "two slashes in a row"],
    ["~a", 'starts with "~"'],
    ["a/{b", "not closed"],
    ["a/b}", 'a "}" too many'],
    ["a/{}", "is not a parameter name"],
    ["a/{b/c}", "is not a parameter name"],
    ["a/{b?}/{*c?}", "cannot be optional"],
    ["a/{b=1?}", "cannot be optional and have a default value"],
    ["a/{*b}/c", "catch-all must come last"],
    ["a/x{*b}", "must stand alone between slashes"],
    ["a/{b}{c}", "follow each other without text between them"],
    ["a/{b?}-c", "may only come last, after a dot"],
    ["a/{b}-{c?}", "may only come last, after a dot"],
    ["a/{b}/{B}", "twice"],
    ["a?b", '"?" is not allowed'],
    ["a/{b:nosuch}", "is not a constraint of routes"],
    ["a/{b:range(1)}", "is not a constraint of routes"],
    ["a/{b:min(x)}", "needs whole numbers"],
    ["a/{b:regex([)}", "is not a regular expression"],
    ["a/{b:length(3}", "is not closed"],
  ])("%s: %s", (template, reason) => {
    expect(() => parseRouteTemplate(template)).toThrow(RouteTemplateInvalid);
    expect(() => parseRouteTemplate(template)).toThrow(reason);
  });
});

describe("a route", () => {
  const values = (template: string, path: string): object | undefined => matchRoute(parseRouteTemplate(template), path);

  it.each([
    ["/a/b", "a/b", {}],
    ["~/a", "a", {}],
    ["", "", {}],
    ["{a}", "x", { a: "x" }],
    ["{a?}/{b?}", "", {}],
    ["{a?}/{b?}", "x", { a: "x" }],
    ["{a?}/{b?}", "/x", undefined],
    ["{a=1}/{b=2}", "x", { a: "x", b: "2" }],
    ["{**all}", "x/y/", { all: "x/y/" }],
    ["a/{*all=none}", "a", { all: "none" }],
    ["a/{*all:minlength(1)}", "a", undefined],
    ["{{literal}}", "{literal}", {}],
    ["v{major}.{minor}", "v1.2", { major: "1", minor: "2" }],
    ["v{major}.{minor}", "v1", undefined],
    ["{name}.{extension?}", "a.", undefined],
    ["{a}-{b}", "1-2-3", { a: "1-2", b: "3" }],
    ["{a}-{b}", "-2", undefined],
    ["{a:int:min(5)}", "4", undefined],
    ["{a:int=7}", "", { a: "7" }],
    ["{a:int?}", "", {}],
    ["{a:regex(^\\d{{3}}$)}", "123", { a: "123" }],
    ["{a:regex(^(x|y)$)}", "y", { a: "y" }],
    ["{a:required}", "x", { a: "x" }],
    ["{a:file}", "x.txt", { a: "x.txt" }],
    ["{a:file}", "x", undefined],
    ["{a:nonfile}", "x", { a: "x" }],
  ])("%s on %s gives %j", (template, path, expected) => {
    expect(values(template, path)).toEqual(expected);
  });
});
