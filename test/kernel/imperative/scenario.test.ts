import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN } from '../../support/private-host.js';

const SCENARIO = fileURLToPath(new URL('../../scenario', import.meta.url));

it(
  'runs the original system’s life cycle by imperative commands, its columns first in every file',
  inPrivateHost(async (host) => {
    const env = { BALEINE: MAIN, BALEINE_ROOT: host.root };
    const ran = await host.run(SCENARIO, [], { env, reject: false, timeout: 100_000 });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^- remove$/m);
  }),
);
