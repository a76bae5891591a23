import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';
import { SERVER, Stack } from '../stack/stack.js';

const SECRET = 'correct-horse-battery';
const IDLING = { image: 'box', command: IDLE, stop_signal: 'SIGKILL' };

const stackWith = (password: string, more: object = {}) => ({
  name: 'shop',
  images: {
    box: {
      size: '64M',
      from: { host: { binaries: ['/bin/busybox', '/usr/sbin/haproxy'] } },
      environment: { TOKEN: `image-${SECRET}` },
    },
  },
  bridges: { net: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  volumes: { data: {} },
  containers: {
    db: {
      ...IDLING,
      bridges: ['net'],
      volumes: ['data:/data'],
      environment: { PASSWORD: password, MODE: 'prod' },
      healthcheck: { exec: ['false'], interval: '1s', retries: 1 },
    },
    log: { ...IDLING, bridges: ['net'], limits: { memory: '32M', pids: 20 } },
    ...more,
  },
  farms: {
    web: {
      servers: { ...SERVER, replicas: 2, bridges: ['net'], port: 80 },
      proxy: {
        image: 'box',
        engine: 'haproxy',
        bridges: { net: { address: '10.77.1.10' } },
        listen: 80,
      },
    },
  },
});

/** Options of plan, each with the expected output. */
const PLANS: [string[], RegExp][] = [
  [[], /container\.db .*PASSWORD|environment\.PASSWORD/s],
  [['--target', 'container.log'], /container\.log/],
  [['--replace', 'container.web-server-1'], /container\.web-server-1/],
  [['--refresh=false'], /container\.db/],
  [['--json'], /"address":"container\.db"/],
  [['--destroy', '--volumes'], /1 file, 1 will be lost|volume\.data/],
];

it(
  'a snapshot gives the plans of its host, after the host has changed and without its files',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackWith(SECRET));
    await stack.apply();
    await stack.answers('10.77.1.10', ['web-server-1', 'web-server-2']);
    // several kinds of drift, and an edited file
    await stack.kill('shop.log');
    await host.run('ip', ['address', 'del', '10.77.1.1/24', 'dev', await bridgeOf(stack)]);
    writeFileSync(join(host.root, 'volumes/shop/data/kept'), '1');
    stack.write(stackWith(`${SECRET}-2`, { late: IDLING }));
    const live = await plansOf(stack, []);
    for (const [index, [, shown]] of PLANS.entries()) expect(live[index]).toMatch(shown);

    const readable = join(host.dir, 'readable.json');
    const hashed = join(host.dir, 'hashed.json');
    writeFileSync(readable, await stack.done('debug', 'snapshot', '--with-values'));
    writeFileSync(hashed, await stack.done('debug', 'snapshot'));
    expect(readFileSync(readable, 'utf8')).toContain(SECRET);
    expect(readFileSync(hashed, 'utf8')).not.toContain(SECRET);
    await stack.destroy();
    rmSync(stack.file);
    rmSync(host.root, { recursive: true });

    expect(await plansOf(stack, ['--snapshot', readable])).toEqual(live);
    const redacted = await plansOf(stack, ['--snapshot', hashed]);
    const withoutValues = (texts: string[]) =>
      texts.map((text) =>
        text.replace(/hash:\w+|[\w-]*correct-horse-battery[\w-]*|prod/g, 'VALUE'),
      );
    expect(withoutValues(redacted)).toEqual(withoutValues(live));
  }),
);

it(
  'a snapshot has the error that plan ends with, and its place in the file',
  inPrivateHost(async (host) => {
    const stack = new Stack(host);
    const words = stackWith(SECRET, { bad: { ...IDLING, volumes: ['/no/such/folder:/data'] } });
    stack.write(words);
    const live = await stack.run('plan');
    expect(live).toMatchObject({ code: 1, stdout: '' });
    expect(live.stderr).toMatch(/baleine\.yaml:\d+:\d+: .*\/no\/such\/folder/);
    const snapshot = join(host.dir, 'snapshot.json');
    writeFileSync(snapshot, await stack.done('debug', 'snapshot'));
    rmSync(stack.file);
    expect(await stack.run('plan', '--snapshot', snapshot)).toEqual(live);
    expect(await stack.run('plan', '--snapshot', snapshot, '--out', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot save a plan made from a snapshot'),
    });
  }),
);

async function plansOf(stack: Stack, more: string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const [options] of PLANS) texts.push(await stack.plan(...options, ...more));
  return texts;
}

/** The interface of the stack's only bridge. */
async function bridgeOf({ host }: Stack): Promise<string> {
  const { stdout } = await host.run('ip', ['-json', 'link', 'show', 'type', 'bridge']);
  return (JSON.parse(stdout) as { ifname: string }[])[0]?.ifname ?? '';
}
