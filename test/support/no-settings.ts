import type { SiteHost } from "../../src/ports/site-host.ts";

/** A host whose site has no settings of its own, and nothing else. */
export const hostWithoutSettings = (more: Partial<SiteHost>): SiteHost =>
  // Safe: nothing else is asked of a host before a run begins.
  ({
    settings: { read: async () => ({ appSettings: {}, connectionStrings: {} }), write: async () => undefined },
    ...more,
  }) as Partial<SiteHost> as SiteHost;
