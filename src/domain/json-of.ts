/** What a text holds as JSON; undefined when it is none. Why is not told: that would quote the text, which may be secret. */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
