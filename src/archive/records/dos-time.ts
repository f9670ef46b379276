/** A DOS date and time in UTC, two seconds exact; years outside 1980 to 2107 become the nearest that fits. */
export const dosDateTime = (seconds: number): { readonly date: number; readonly time: number } => {
  const days = Math.floor(seconds / 86_400);
  const { year, month, day } = civilDate(days);
  if (year < 1980) return { date: 0x0021, time: 0 };
  if (year > 2107) return { date: 0xff9f, time: 0xbf7d };
  const inDay = seconds - days * 86_400;
  const time = (Math.floor(inDay / 3600) << 11) | (Math.floor((inDay % 3600) / 60) << 5) | ((inDay % 60) >> 1);
  return { date: ((year - 1980) << 9) | (month << 5) | day, time };
};

/** Seconds since 1970 of a DOS date and time read as UTC. Fields that are out of range carry over, as `Date` does it. */
export const fromDosDateTime = (date: number, time: number): number =>
  Date.UTC(1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2) / 1000;

/** Days since 1970 as a date of the Gregorian calendar, counted in eras of 400 years from 0000-03-01. */
const civilDate = (days: number): { readonly year: number; readonly month: number; readonly day: number } => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  };
};
