/** What the system or a driver calls an error, such as ENOENT or SQLITE_BUSY; undefined where it has no such name. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** What the system was asked for when it failed, such as open or symlink. */
export const systemCall = (error: unknown): string | undefined =>
  error instanceof Error && "syscall" in error && typeof error.syscall === "string" ? error.syscall : undefined;

export const isCode = (error: unknown, ...codes: readonly string[]): boolean => {
  const code = errorCode(error);
  return code !== undefined && codes.includes(code);
};

/** For `catch`: these are answers; any other failure is one. */
export const unlessCode =
  (...codes: readonly string[]) =>
  (error: unknown): undefined => {
    if (isCode(error, ...codes)) return undefined;
    throw error;
  };
