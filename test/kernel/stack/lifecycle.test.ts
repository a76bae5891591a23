import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { NOTHING, PAIR, SERVER, Stack } from './stack.js';

/** In dependency order, which is also the order of the steps. */
const FRESH = `baleine will perform the following actions:

  # image.box will be created (new)
  + image.box
      + size: 8M
      + from.host.binaries: ["/bin/busybox"]

  # bridge.front will be created (new)
  + bridge.front
      + subnet: 10.77.1.0/24
      + host: 10.77.1.1

  # volume.data will be created (new, seeded from /data of image box)
  + volume.data
      + path: ROOT/volumes/pair/data

  # container.a will be created (new)
  + container.a
      + image: box
      + command: ${JSON.stringify(SERVER.command)}
      + bridges.front: 10.77.1.11/24
      + volumes: ["ROOT/volumes/pair/data:/data"]
      + stop_signal: SIGKILL
      + limits.memory: 64M

  # container.b will be created (new)
  + container.b
      + image: box
      + command: ${JSON.stringify(SERVER.command)}
      + bridges.front: 10.77.1.12/24
      + stop_signal: SIGKILL
      + limits.memory: 64M

Files derived from others follow for: hosts.front-7a66a5

Plan: 5 to add, 0 to change, 0 to destroy.
`;

it(
  'plans a new stack in dependency order, with reasons, and leaves no trace',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);

    expect((await stack.plan()).replaceAll(host.root, 'ROOT')).toBe(FRESH);
    expect((await stack.run('plan', '--detailed-exitcode')).code).toBe(2);
    expect(existsSync(host.root)).toBe(false);
  }),
);

it(
  'applies it, and then finds nothing to do and touches nothing',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);

    const output = await stack.apply();
    expect(output).toContain('Apply complete! Resources: 5 added, 0 changed, 0 destroyed.\n');
    await stack.answers('10.77.1.11', ['a']);
    await stack.answers('10.77.1.12', ['b']);
    // otherwise a later run would change the caches
    await stack.fillCaches();
    const before = await host.snapshot();

    expect(await stack.run('plan', '--detailed-exitcode')).toEqual({
      code: 0,
      stdout: NOTHING,
      stderr: '',
    });
    expect(await stack.run('apply', '-y')).toEqual({ code: 0, stdout: NOTHING, stderr: '' });
    expect(await stack.run('apply', '-y', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    const full = { env: { BALEINE_FAST_PATH: '0' } };
    const quiet = ['--file', stack.file, 'apply', '-y', '--quiet'];
    expect(await host.baleine(quiet, full)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await stack.changes(before)).toEqual([]);
    await stack.destroy();
  }),
);
