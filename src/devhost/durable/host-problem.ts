/** A problem of the machine or its set-up, told to the user in two sentences and never with a stack trace. */
export class HostProblem extends Error {
  override readonly name = "HostProblem";
  /** What to do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
