/** What a caller's recovery key is sealed for while its restore runs. */
export const recoveryContext = (operation: string): string => `recovery key of operation ${operation}`;
