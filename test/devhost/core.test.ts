import { describe, expect, it } from "vitest";
import { createCore } from "../../src/devhost/core.ts";

type Core = {
  readonly registerFunction: (metadata: object, callback: () => void) => { readonly dispose: () => void };
  readonly registerHook: (name: string, callback: () => void) => { readonly dispose: () => void };
  readonly Disposable: { readonly from: (...all: readonly { dispose(): void }[]) => { readonly dispose: () => void } };
};

const core = () => {
  const { api, registry } = createCore(() => undefined);
  return { api: api as unknown as Core, registry }; // What an app gets from `require`.
};
const metadata = { name: "one", bindings: {} };
const nothing = (): void => undefined;

describe("the module an app registers with", () => {
  it("takes a function once", () => {
    const { api, registry } = core();
    api.registerFunction(metadata, nothing);
    expect([...registry.functions.keys()]).toEqual(["one"]);
    expect(() => api.registerFunction(metadata, nothing)).toThrow(/"one" has already been registered/);
  });

  it("takes none once the app has started, and calls that an error of the system", () => {
    const { api, registry } = core();
    registry.close();
    const late = () => api.registerFunction(metadata, nothing);
    expect(late).toThrow(/only be registered during app startup/);
    expect(late).toThrow(expect.objectContaining({ isAzureFunctionsSystemError: true }));
  });

  it("knows five hooks and no others", () => {
    const { api, registry } = core();
    for (const name of Object.keys(registry.hooks)) api.registerHook(name, nothing);
    expect(Object.keys(registry.hooks)).toEqual(["preInvocation", "postInvocation", "appStart", "appTerminate", "log"]);
    expect(() => api.registerHook("later", nothing)).toThrow(RangeError);
  });

  it("gives back what was registered", () => {
    const { api, registry } = core();
    const hook = api.registerHook("log", nothing);
    const called = api.registerFunction(metadata, nothing);
    api.Disposable.from(hook, called).dispose();
    expect([registry.hooks.log.length, registry.functions.size]).toEqual([0, 0]);
  });
});
