import { join } from 'node:path';
import type { ConfigSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { compare, type ObservedConfig } from './compare.js';
import type { ConfigVerbs } from './steps.js';
import { create, remove, update } from './steps.js';

/** A generated text file that a container reads, such as the configuration of a proxy. */
export const config: Kind<ConfigSpec, unknown, ObservedConfig, ConfigVerbs> = {
  name: 'config',
  table: {
    file: 'configs.csv',
    columns: [
      { header: 'ID', value: ({ stack, name }) => `${stack}.${name}` },
      { header: 'NOM_CONFIG', value: ({ name }) => name },
      { header: 'CHEMIN', value: ({ spec }) => join(spec.dir, spec.file) },
    ],
  },
  observe({ dir, file, files = [] }, _facts, probe) {
    const text = probe.text(join(dir, file));
    if (text === undefined) return undefined;
    const names = files.map(({ name }) => name);
    const missing = names.filter((name) => !probe.exists(join(dir, name)));
    return missing.length > 0 ? { text, missing } : { text };
  },
  assume: ({ text }) => ({ text }),
  // It is below our own folder, so it cannot belong to anyone else.
  foreign: () => undefined,
  compare,
  note: ({ spec: { farm } }) =>
    farm?.scaled &&
    `is scaled to ${farm.scaled.servers} servers by \`baleine scale\`; the file has ${farm.scaled.file}`,
  create,
  update,
  remove,
  handlers: async (host) => (await import('./handlers.js')).configHandlers(host),
};
