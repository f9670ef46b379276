import { messageOf } from "../../domain/errors.ts";
import type { Call } from "../../ports/call.ts";

type Work = (call: Call) => Promise<void>;

/** One after another, each whatever became of the others; fails in the end when one of them did. */
export const tidy =
  (works: Readonly<Record<string, Work>>): Work =>
  async (call) => {
    const failures: string[] = [];
    for (const [name, work] of Object.entries(works))
      try {
        await work(call);
      } catch (error) {
        call.log.error("housekeeping failed", { part: name, error });
        failures.push(`${name}: ${messageOf(error)}`);
      }
    if (failures.length > 0) throw new Error(`Housekeeping failed: ${failures.join("; ")}`);
  };
