import type { Finding } from "../../operations/checks/finding.ts";
import type { Installation } from "../../operations/installation.ts";

/** Own extension: what was looked at, with the clock and the version of whoever looked. */
export const checksReply = (
  { clock, version }: Pick<Installation, "clock" | "version">,
  findings: readonly Finding[],
) => ({
  time: clock.now().toISOString(),
  version,
  checks: findings.map(({ name, state, message, advice }) => ({ name, state, message, advice: advice ?? null })),
});
