/** A regular expression's text that matches this text and nothing else. */
export const literalPattern = (text: string): string => text.replaceAll(/[$.*+?^(){}|[\]\\]/g, "\\$&");
