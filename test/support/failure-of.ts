/** The failure of its kind that the work ends with; anything else fails the test, and says what it was. */
export const failureOf = async <Failure extends Error>(
  kind: abstract new (...given: never[]) => Failure,
  work: Promise<unknown>,
): Promise<Failure> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof kind) return error;
  throw new Error(`Expected ${kind.name}, got ${String(error)}`, { cause: error });
};
