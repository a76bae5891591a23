import { plainKey } from './key.js';

export const group_add = plainKey({
  schema: {
    description:
      "More groups of its first process, by name or number; names are looked up in the image's /etc/group.",
    type: 'array',
    items: {
      anyOf: [
        { type: 'integer', minimum: 0, maximum: 4294967294 },
        { type: 'string', pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' },
      ],
      errorMessage: 'must be a group: 44, or video',
    },
  },
  read: (raw: (string | number)[] | undefined) =>
    raw && raw.length > 0 ? raw.map(String) : undefined,
  change: 'replace',
  release: true,
  flag: { flags: '--group-add <group>', help: 'one more group; repeatable', repeatable: true },
});
