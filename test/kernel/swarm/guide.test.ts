import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { poll } from '../../../src/model/poll.js';
import { blocksOf } from '../../support/markdown.js';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { type SwarmNode, withSwarm } from '../../support/swarm.js';

const skip = lackingAny('dockerd', 'docker', 'haproxy');

const SECTION = 'From one host to three';

describe.skipIf(skip)('docs/guide.md', () => {
  it(
    `${SECTION}: every line, on three nodes that are reached without ssh`,
    inPrivateHost((host) =>
      withSwarm(host, 3, async (nodes) => {
        const all = blocksOf(readFileSync('docs/guide.md', 'utf8'), 'docs/guide.md');
        const blocks = all.filter(({ section }) => section === SECTION);
        const [lines] = blocks.filter(({ language }) => language === 'yaml');
        const commands = blocks
          .filter(({ language }) => language === 'console')
          .flatMap(({ text }) => text.trim().split('\n'))
          .map((line) => line.replace(/^\$ /, '').replace(/\s+#.*$/, ''));
        expect(commands.length).toBeGreaterThan(8);

        const folder = join(host.dir, 'web-farm');
        mkdirSync(folder);
        copyFileSync('examples/web-farm/baleine.yaml', join(folder, 'baleine.yaml'));
        const run = async (words: string[]) =>
          (await host.baleine(words, { cwd: folder, timeout: 120_000 })).stdout;
        await run(['apply', '-y']);
        appendFileSync(join(folder, 'baleine.yaml'), `\n${realNames(lines?.text ?? '', nodes)}`);
        for (const line of commands) {
          const [program, ...words] = line.split(' ');
          if (program === 'baleine') await run(words);
          else {
            const [, number] = /^curl http:\/\/node(\d)\/$/.exec(line) ?? [];
            const node = nodes[Number(number) - 1];
            // a proxy asks for its servers each second
            const ask = () => host.http(`http://${node?.address}/`).catch(String);
            const page = /^[0-9a-f]{12}\n$/;
            const isPage = (text: string) => page.test(text);
            expect(await poll(ask, { until: isPage, limit: 20_000, pause: 500 })).toMatch(page);
          }
        }
        const tasks = JSON.parse(await run(['ps', '--json']));
        expect(new Set(tasks.map(({ node }: { node: string }) => node)).size).toBe(3);
        expect(tasks).toHaveLength(8);
        expect((await host.ip('link', 'show', 'type', 'bridge')).length).toBe(1);
        await run(['destroy', '-y']);
        rmSync(host.root, { recursive: true });
      }),
    ),
    300_000,
  );
});

/** The nodes of the test instead of node1, node2 and node3. */
function realNames(text: string, nodes: SwarmNode[]): string {
  return nodes.reduce(
    (changed, { name, url }, at) =>
      changed
        .replaceAll(`ssh://root@node${at + 1}`, url)
        .replaceAll(`{ node${at + 1}:`, `{ ${name}:`)
        .replaceAll(`, node${at + 1}:`, `, ${name}:`),
    text,
  );
}
