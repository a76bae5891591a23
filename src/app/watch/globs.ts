import picomatch from 'picomatch';

/** Decides about paths that are relative to a folder, with `/` between their names. */
export type PathFilter = (path: string) => boolean;

/** Nothing else than what the ignore files of Docker know. */
const OPTIONS = { dot: true, nobrace: true, noextglob: true, nonegate: true, strictSlashes: true };

/**
 * Whether patterns match a path or a folder that it is in, as in a .dockerignore file: `*`, `?` and
 * `[a-z]` stay within a name, `**` does not, and a pattern after `!` takes matches of earlier ones back.
 */
export function pathFilter(patterns: readonly string[]): PathFilter {
  const rules = patterns.flatMap((each) => {
    const isBack = each.startsWith('!');
    const pattern = normal(isBack ? each.slice(1) : each);
    return pattern === '' ? [] : [{ isBack, matches: picomatch(pattern, OPTIONS) }];
  });
  if (rules.length === 0) return () => false;
  return (path) => {
    const all = withFolders(path);
    let isMatch = false;
    for (const { isBack, matches } of rules) {
      if (isMatch === isBack && all.some((each) => matches(each))) isMatch = !isBack;
    }
    return isMatch;
  };
}

/** Whether a folder that is matched can have content that is not. */
export const takesBack = (patterns: readonly string[]) =>
  patterns.some((each) => each.startsWith('!'));

const normal = (pattern: string) =>
  pattern
    .trim()
    .split('/')
    .filter((each) => each !== '' && each !== '.')
    .join('/');

/** `a/b/c`, `a/b`, `a`. */
function withFolders(path: string): string[] {
  const names = path.split('/');
  return names.map((_, index) => names.slice(0, names.length - index).join('/'));
}
