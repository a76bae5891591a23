import type { HostsSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import type { HostsVerbs } from './handlers.js';

interface ObservedHosts {
  text: string;
  /** Copies with another text. */
  wrong: string[];
}

/** The host names that a group of containers sees in /etc/hosts. */
export const hosts: Kind<HostsSpec, unknown, ObservedHosts, HostsVerbs> = {
  name: 'hosts',
  derived: true,
  table: {
    file: 'hosts.csv',
    columns: [
      { header: 'ID', value: ({ spec }) => spec.file },
      { header: 'NOM', value: ({ name }) => name },
    ],
  },
  observe({ file, text, copies }, _facts, probe) {
    const current = probe.text(file);
    if (current === undefined) return undefined;
    const wrong = copies.filter((copy) => probe.hasText(copy, text) === false);
    return { text: current, wrong };
  },
  assume: ({ text }) => ({ text, wrong: [] }),
  foreign: () => undefined,
  compare({ spec }, row, { text, wrong }) {
    const difference = { attribute: 'text', effect: 'update' } as const;
    if (row.spec.text !== spec.text || row.spec.copies.join() !== spec.copies.join()) {
      return [{ ...difference, cause: 'file', reason: 'names changed' }];
    }
    if (text === spec.text && wrong.length === 0) return [];
    return [{ ...difference, cause: 'drift', reason: 'changed on the host' }];
  },
  create: ({ spec }, reason) => [{ verb: 'hosts.write', args: spec, reason }],
  update: ({ spec }, _row, _observed, [difference]) => [
    { verb: 'hosts.write', args: spec, reason: difference?.reason ?? 'unfinished' },
  ],
  remove: ({ spec }, reason) => [{ verb: 'hosts.remove', args: { file: spec.file }, reason }],
  handlers: async (host) => (await import('./handlers.js')).hostsHandlers(host),
};
