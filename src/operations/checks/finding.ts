/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  /** `warning`: it works, and something may come of it. */
  readonly state: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (name: string, message: string): Finding => ({ name, state: "ok", message });
