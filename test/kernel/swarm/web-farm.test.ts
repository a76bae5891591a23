import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { withSwarm } from '../../support/swarm.js';

const skip = lackingAny('dockerd', 'docker', 'skopeo', 'haproxy');

describe.skipIf(skip)('the web farm on a swarm of three nodes', () => {
  it(
    'trial',
    inPrivateHost(async (host) => {
      await withSwarm(host, 3, async (nodes) => {
        const [first, second, third] = nodes;
        if (!first || !second || !third) throw new Error('no nodes');
        const file = join(host.dir, 'baleine.yaml');
        const text = readFileSync('examples/web-farm/baleine.yaml', 'utf8');
        writeFileSync(
          file,
          `${text}\nengine: swarm\nswarm:\n  host: ${first.url}\n  nodes:\n    ${second.name}: ${second.url}\n    ${third.name}: ${third.url}\n`,
        );
        const run = async (...words: string[]) => {
          const t = performance.now();
          const ran = await host.baleine(['-f', file, ...words], { reject: false, timeout: 300_000 });
          console.log(words.join(' '), ran.code, performance.now() - t, `\n${ran.stdout}${ran.stderr}`);
          return ran;
        };
        await run('plan');
        await run('apply', '-y', '--quiet');
        console.log(await first.docker('service', 'ls'));
        console.log(await first.docker('service', 'ps', 'web-farm_shop-server', 'web-farm_shop-proxy', '--no-trunc'));
        console.log(await host.run('sh', ['-c', 'for n in 1 2 3; do for i in 1 2 3 4; do curl -sS --max-time 3 http://10.200.0.$n/; done; done'], { reject: false }));
        await run('plan');
        await run('apply', '-y');
        await run('destroy', '-y');
        await run('plan', '--destroy');
      });
    }),
    600_000,
  );
});
