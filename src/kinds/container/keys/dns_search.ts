import { plainKey } from './key.js';

export const dns_search = plainKey({
  schema: {
    description:
      'Domains in which names without one are searched: one, or a list. `.` alone means none.',
    anyOf: [
      { type: 'array', items: { type: 'string', pattern: '^(\\.|[A-Za-z0-9_][A-Za-z0-9._-]*)$' } },
      { type: 'string', pattern: '^(\\.|[A-Za-z0-9_][A-Za-z0-9._-]*)$' },
    ],
    errorMessage: 'must be a domain such as example.com, or a list',
  },
  read: (raw: string | string[] | undefined) => listOf(raw),
  change: 'replace',
  release: true,
  flag: {
    flags: '--dns-search <domain>',
    help: 'where names are searched; repeatable',
    repeatable: true,
  },
});

/** Undefined for none, so that the spec of a container without it has no such attribute. */
export function listOf(raw: string | string[] | undefined): string[] | undefined {
  const list = [raw ?? []].flat();
  return list.length > 0 ? list : undefined;
}
