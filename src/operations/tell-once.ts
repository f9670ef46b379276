/** Of what a timer finds at each of its rounds, says whether it is new to this process. */
export const tellOnce = (): ((key: string) => boolean) => {
  const told = new Set<string>();
  return (key) => {
    if (told.has(key)) return false;
    told.add(key);
    return true;
  };
};
