import { resolvedKey, spec } from './key.js';

export const working_dir = resolvedKey({
  schema: {
    description: "The working directory. Default: the image's, else `/`.",
    $ref: '#/definitions/inside',
  },
  read: (raw: string | undefined) => raw,
  as: 'working_dir',
  spec: spec<string>(),
  change: 'replace',
  release: true,
  oci: (cwd) => ({ process: { cwd } }),
  flag: { flags: '-w, --workdir <dir>', help: 'where it runs' },
});
