import { resolvedKey, spec } from './key.js';

export const image = resolvedKey({
  schema: { description: 'The image, one of this file.', $ref: '#/definitions/imageName' },
  read: (raw: string | undefined): string => raw ?? '',
  as: 'image',
  spec: spec<{ name: string; file: string; version: string }>(),
  change: 'custom',
  release: true,
});
