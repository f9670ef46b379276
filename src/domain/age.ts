/** How long ago it was, in milliseconds. What a clock that was ahead has dated is old as well, and not still to come. */
export const ageMs = (dated: string, now: Date): number => Math.abs(now.getTime() - Date.parse(dated));
