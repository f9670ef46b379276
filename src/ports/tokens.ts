import type { Caller } from "../domain/caller.ts";

/** Knows callers by tokens that another authority issued. */
export interface Tokens {
  /**
   * Undefined when the text is no token at all. A token that is not accepted is refused with TokenRefused, somebody
   * without a role with CallerWithoutRole, and where the authority's keys cannot be read now with Unavailable.
   * `search`: the authority is asked for keys that are not known yet.
   */
  callerOf(token: string, wish: { readonly search: boolean }): Promise<Caller | undefined>;
}
