/** ARM's list: one page of it, and where the next one is. */
export const page = (value: readonly unknown[], nextLink: string | null = null) => ({ value, nextLink, id: null });
