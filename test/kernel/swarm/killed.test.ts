import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, MAIN } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { withSwarm } from '../../support/swarm.js';
import { NOTHING, Stack } from '../stack/stack.js';

const skip = lackingAny('dockerd', 'docker');

/** Seconds after which a run is killed: while it makes the image, loads it, makes the objects, waits. */
const AFTER = ['0.4', '1.0', '1.8', '2.8'];

const file = (host: string, text: string) => ({
  name: 'shop',
  engine: 'swarm',
  swarm: { host },
  images: { box: { from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox', text] } },
  bridges: { back: { subnet: '10.9.0.0/24' } },
  configs: { page: { content: text } },
  secrets: { token: { file: './token' } },
  containers: Object.fromEntries(
    ['a', 'b'].map((each) => [
      each,
      {
        image: 'box',
        command: ['busybox', 'sleep', '1000'],
        bridges: ['back'],
        configs: ['page'],
        secrets: ['token'],
        environment: { TEXT: text },
        stop_signal: 'SIGKILL',
      },
    ]),
  ),
});

describe.skipIf(skip)('a run that is killed on a swarm', () => {
  it(
    'is finished by the next one, wherever it was',
    inPrivateHost((host) =>
      withSwarm(host, 1, async ([node]) => {
        if (!node) return;
        const stack = new Stack(host);
        const killed = async (after: string, ...words: string[]) => {
          const command = [process.execPath, MAIN, '--root', host.root, '-f', stack.file, ...words];
          const how = ['--signal=KILL', after, ...command];
          const { code } = await host.run('timeout', how, { reject: false });
          return code === 137;
        };
        let kills = 0;
        for (const [round, after] of AFTER.entries()) {
          writeFileSync(join(host.dir, 'token'), `token ${round}`);
          stack.write(file(node.url, `text ${round}`));
          kills += Number(await killed(after, 'apply', '-y'));
          await stack.done('apply', '-y');
          expect(await stack.done('plan')).toMatch(NOTHING);
          const services = await node.docker(
            'service',
            'ls',
            '--format',
            '{{.Name}} {{.Replicas}}',
          );
          expect(services.trim().split('\n').sort()).toEqual(['shop_a 1/1', 'shop_b 1/1']);
          // what was there before is gone
          for (const each of ['secret', 'config']) {
            expect((await node.docker(each, 'ls', '-q')).trim().split('\n')).toHaveLength(1);
          }
          if (round % 2 === 0) continue;
          kills += Number(await killed(after, 'destroy', '-y'));
          await stack.done('destroy', '-y');
          for (const each of ['service', 'secret', 'config']) {
            expect(await node.docker(each, 'ls', '-q')).toBe('');
          }
        }
        expect(kills).toBeGreaterThanOrEqual(AFTER.length / 2);
        expect(await node.docker('network', 'ls', '-q', '--filter', 'label=baleine.stack')).toBe(
          '',
        );
        const [cluster = ''] = readdirSync(join(host.root, 'swarm'));
        expect(readdirSync(join(host.root, 'swarm', cluster))).toEqual(['destroyed.csv']);
        expect(existsSync(join(host.root, 'images'))).toBe(false);
        rmSync(host.root, { recursive: true });
      }),
    ),
    300_000,
  );
});
