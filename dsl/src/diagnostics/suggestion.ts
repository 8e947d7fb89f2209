/**
 * Suggestion: the known word that an unknown one was most likely meant to be. Main thread.
 */

/**
 * closest returns the candidate with the least Damerau–Levenshtein distance, or null when none is near enough, or the word is one of them: then
 * it is not misspelled.
 */
export function closest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > 40) return null;
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = wanted.length < 2 ? 1 : wanted.length <= 4 ? 1.5 : wanted.length <= 8 ? 2.5 : 3.5;
  for (const candidate of candidates) {
    if (candidate === word) return null;
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const found = distance(wanted, candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** didYouMean is the fix that goes with `closest`, or the fallback. */
export function didYouMean(word: string, candidates: Iterable<string>, fallback: string | null = null): string | null {
  const found = closest(word, candidates);
  return found === null ? fallback : `Did you mean \`${found}\`?`;
}

/** distance counts insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
