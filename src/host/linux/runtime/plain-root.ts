import { symlinkSync } from 'node:fs';
import { rootLink, type Site } from '../../../model/site.js';

/**
 * A path of the root that conmon can be given: it reads its arguments in the C locale, in which
 * letters beyond ASCII are an error, and cuts the path of a log at a colon. Where the root's own
 * is not so plain, a link in /run leads there; see `linkRoot`.
 */
export function plainRoot(site: Site): string {
  return PLAIN.test(site.root) ? site.root : rootLink(site);
}

/** Makes that link. */
export function linkRoot(site: Site): void {
  const path = plainRoot(site);
  if (path === site.root) return;
  try {
    symlinkSync(site.root, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Printable ASCII without a colon. */
const PLAIN = /^[ -9;-~]+$/;
