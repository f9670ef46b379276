/** Reads a .NET time span, `[d.]hh:mm[:ss[.fraction]]` or whole days, as milliseconds; undefined if it is none. */
export const parseTimeSpan = (text: string): number | undefined => {
  const days = /^\s*(\d{1,8})\s*$/.exec(text)?.[1];
  if (days !== undefined) return Number(days) * 86_400_000;
  const found = /^\s*(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?\s*$/.exec(text);
  if (!found) return undefined;
  const [, day = "0", hour = "0", minute = "0", second = "0", fraction = "0"] = found;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const seconds = ((Number(day) * 24 + Number(hour)) * 60 + Number(minute)) * 60 + Number(second);
  return seconds * 1000 + Math.round(Number(`0${fraction === "0" ? "" : fraction}`) * 1000);
};
