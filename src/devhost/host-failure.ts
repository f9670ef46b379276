/** Something the person at the terminal can mend: the message names the thing and the next move; no stack is shown. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";
}
