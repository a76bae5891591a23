import { distance } from 'fastest-levenshtein';

/** `did you mean "image"?` if one of the known words is a likely typo away. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const near = [...known]
    .filter((each) => Math.abs(each.length - word.length) <= maxEdits(word))
    .map((each) => ({ each, far: distance(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ far }) => far <= maxEdits(word))
    .sort((a, b) => a.far - b.far || (a.each < b.each ? -1 : 1));
  return near[0] && `did you mean ${JSON.stringify(near[0].each)}?`;
}

/** Characters. */
const MAX_WORD = 100;

/** Two transposed letters count as two edits; short words tolerate fewer. */
function maxEdits(word: string): number {
  return word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 4));
}
