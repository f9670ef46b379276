/** What the process ends with; docs/cli.md says what a script may conclude from each. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  partly: 3,
  refused: 4,
  notFound: 5,
  notAllowed: 6,
  unreachable: 7,
  leftRunning: 8,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The one mapping from what the service refuses. Its HTTP status decides; a few codes say more than theirs. */
export const exitCodeOf = (status: number, code: string): ExitCode => {
  // The work was begun and failed; told as 409 where it is polled.
  if (code === "RestoreFailed" || code === "ResourceOperationFailure") return exitCodes.failed;
  if (code === "RouteNotFound") return exitCodes.failed;
  if (status === 401 || status === 403 || status === 429) return exitCodes.notAllowed;
  if (status === 404 || status === 410) return exitCodes.notFound;
  if (status === 502 || status === 503 || status === 504) return exitCodes.unreachable;
  return status >= 400 && status < 500 ? exitCodes.refused : exitCodes.failed;
};
