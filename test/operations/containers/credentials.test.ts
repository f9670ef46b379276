import { beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { credentialOf, rememberCredential } from "../../../src/operations/containers/credentials.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { memoryInstallation } from "../../support/installation.ts";

const container = "https://acct.blob.core.windows.net/backups";
let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
let failure: StoreFailure | undefined;

beforeEach(() => {
  given = memoryInstallation();
  failure = undefined;
  deps = {
    ...given.deps,
    destinations: {
      open: async (url, credential) => {
        if (failure !== undefined && credential?.reveal().includes("made-up")) throw failure;
        return given.container(url);
      },
    },
  };
});

const remember = (sas: string) => rememberCredential(deps, { container, credential: new Secret(sas) });
const stored = async () => (await credentialOf(deps, container))?.reveal();

describe("a container's credential", () => {
  it("is the newest one seen", async () => {
    await remember("sig=first&se=2027-01-01");
    await remember("sig=second&se=2028-01-01");
    expect(await stored()).toContain("second");
  });

  it("is not replaced by one that ends earlier, unless it has expired itself", async () => {
    await remember("sig=first&se=2027-01-01");
    await remember("sig=second&se=2026-12-01");
    expect(await stored()).toContain("first");
    given.clock.time = new Date("2027-02-01T00:00:00Z");
    await remember("sig=third&se=2027-02-02");
    expect(await stored()).toContain("third");
  });

  it("is not replaced by one that the container refuses, however long it says it is valid", async () => {
    await remember("sig=first&se=2027-01-01");
    failure = new StoreFailure("AccessDenied", "403");
    await remember("sig=made-up&se=2099-01-01");
    expect(await stored()).toContain("first");
  });

  it("is replaced once it has expired, also by one that may not read", async () => {
    await remember("sig=first&se=2026-11-22");
    failure = new StoreFailure("AccessDenied", "403");
    given.clock.time = new Date("2026-11-23T00:00:00Z");
    await remember("sig=made-up&se=2028-01-01");
    expect(await stored()).toContain("made-up");
  });

  it("is replaced where the container does not answer, and kept as it is given where there was none", async () => {
    failure = new StoreFailure("Unavailable", "503");
    await remember("sig=first&se=2027-01-01");
    await remember("sig=made-up&se=2028-01-01");
    expect(await stored()).toContain("made-up");
    failure = new StoreFailure("AccessDenied", "403");
    const other = { container: `${container}2`, credential: new Secret("sig=made-up&se=2028-01-01") };
    await rememberCredential(deps, other);
    expect((await credentialOf(deps, other.container))?.reveal()).toContain("made-up");
  });
});
