import { expect, it } from 'vitest';
import { TABLES } from '../../../src/app/context.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { openStore } from '../../../src/state/store.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Stack } from './stack.js';

/** Invalid values of a container's row, as another release or an editor may have written them. */
const INVALID: Record<string, Partial<Record<keyof ContainerSpec, unknown>>> = {
  signal: { stop_signal: 'SIGSTOPP' },
  process: { user: '?:?', working_dir: 'nowhere', args: [], hostname: '' },
  mounts: { mounts: [{ source: 'nowhere', target: '', read_only: true }], tmpfs: [':'] },
  limits: { limits: { pids: -1, devices: [{ allow: 'x' }], io: [{ device: '/no/such' }] } },
  health: { healthcheck: { exec: [], interval: 'soon' }, depends_on: [{ name: '?' }] },
  guards: { seccomp: { file: '/no/such', digest: '' }, cap_add: ['CAP_NONE'], runtime: '/x' },
};
const NAMES = Object.keys(INVALID);
const FILE = {
  name: 'odd',
  images: { base: SMALL_IMAGE },
  containers: Object.fromEntries(
    NAMES.map((name) => [name, { image: 'base', command: IDLE, stop_grace_period: '100ms' }]),
  ),
};

async function invalidate(host: PrivateHost): Promise<void> {
  const store = await openStore(installPaths(host.root), TABLES);
  for (const name of NAMES) {
    const row = store.find('container', 'odd', name);
    if (!row) throw new Error(`no row of ${name}`);
    await store.put({ ...row, spec: { ...(row.spec as object), ...INVALID[name] } });
  }
}

it.each([['destroy', '-y'], ['stop']])('removes a container with an invalid row: %s', (...words) =>
  inPrivateHost(async (host) => {
    const stack = new Stack(host, FILE);
    await stack.apply();
    await invalidate(host);
    expect(await stack.run(...words)).toMatchObject({ code: 0 });
    expect(NAMES.flatMap((name) => stack.pids(`odd.${name}`))).toEqual([]);
    if (words[0] === 'stop') await stack.destroy();
  })(),
);
