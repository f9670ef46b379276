import type { Audit } from "../../ports/audit.ts";

/** Into the log, as one event named "audit": in Azure that is Application Insights, which keeps it for as long as it is told to. */
export const logAudit: Audit = {
  async record(entry, log) {
    log.info("audit", { ...entry });
  },
};
