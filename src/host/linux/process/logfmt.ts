/**
 * The messages of a logrus log as skopeo, buildah and runc write it: `level=error msg="a \"b\""`.
 * Each is a bare word, or quoted by Go's strconv.Quote, whose escapes differ from JSON's.
 */
export function logMessages(text: string): string[] {
  const found = text.matchAll(/\bmsg=("(?:[^"\\\n]|\\.)*"|\S+)/g);
  return [...found].map(([, word = '']) => (/^".*"$/s.test(word) ? unquoted(word) : word));
}

const PLAIN: Record<string, string> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

/** Decodes `\x1b`, `\u202e`, `\U0001f40b` and `\n`; drops a backslash before anything else. */
function unquoted(word: string): string {
  const ESCAPED = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;
  return word.slice(1, -1).replace(ESCAPED, (_all, x, u, long, plain: string | undefined) => {
    const point = Number.parseInt(x ?? u ?? long ?? '', 16);
    if (Number.isNaN(point)) return PLAIN[plain ?? ''] ?? plain ?? '';
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });
}
