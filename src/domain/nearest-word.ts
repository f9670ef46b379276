/** How many letters have to be put in, taken out or exchanged to make one word of the other. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let line = 0; line < one.length; line++) {
    const next = [line + 1];
    for (let column = 0; column < other.length; column++) {
      const exchanged = (row[column] ?? 0) + (one[line] === other[column] ? 0 : 1);
      next.push(Math.min(exchanged, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};

/** The word that was probably meant, if one of them is near: a slip of the hand, not another word. */
export const nearestWord = (given: string, words: readonly string[]): string | undefined => {
  const near = words
    .map((word) => ({ word, away: distance(given.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, away }) => away <= Math.max(2, Math.floor(word.length / 5)))
    .toSorted((a, b) => a.away - b.away);
  return near[0]?.word;
};
