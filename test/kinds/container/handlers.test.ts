import { describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/ports.js';
import { containerHandlers } from '../../../src/kinds/container/handlers.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';

/** Ports that record their calls; `fails` names one that rejects. */
function handlers(fails?: string) {
  const calls: unknown[][] = [];
  const port = (answer?: unknown) =>
    new Proxy(
      {},
      {
        get:
          (_target, name) =>
          async (...args: unknown[]) => {
            calls.push([name, ...args]);
            if (name === fails) throw new Error(`cannot ${String(name)}`);
            return answer;
          },
      },
    );
  const runtime = port({ pid: 7, runtime: 'runc' });
  const host = { links: port(), disks: port(), files: port(), cgroups: port(), runtime };
  return { calls, table: containerHandlers(host as unknown as Host, installPaths('/x')) };
}

const facts = { pid: 7 };

describe('containerHandlers', () => {
  it('removes all links in one call, then the namespaces', async () => {
    const { calls, table } = handlers();
    const handler = table['container.disconnect'];
    const all = [
      { netns: 'a', links: ['1', '2'] },
      { netns: 'b', links: ['3'] },
    ];
    expect('all' in handler && (await handler.all(all))).toEqual([undefined, undefined]);
    expect(calls).toEqual([
      ['unwire', ['1', '2', '3']],
      ['removeNetns', ['a', 'b']],
    ]);
  });

  it('returns an error for each if the single call failed', async () => {
    const handler = handlers('unwire').table['container.unwire'];
    const answers = 'all' in handler && (await handler.all([{ links: ['1'] }, { links: ['2'] }]));
    expect(answers).toEqual([new Error('cannot unwire'), new Error('cannot unwire')]);
  });

  it('gives a restored container its disk once it runs, and ends it if that fails', async () => {
    const spec = { id: 's.c' } as ContainerSpec;
    const restored = { images: '/saved', disk: '/x/disks/s.c.restored.img' };
    const args = { spec, life: { restarts: 0 }, restored };
    const { calls, table } = handlers();
    const start = table['container.start'];
    expect('one' in start && (await start.one(args))).toMatchObject({ pid: 7, restarts: 0 });
    expect(calls).toEqual([
      ['restore', spec, '/saved'],
      ['replace', '/x/disks/s.c.restored.img', '/x/disks/s.c.img'],
    ]);
    const failing = handlers('replace');
    const again = failing.table['container.start'];
    await expect('one' in again && again.one(args)).rejects.toThrow('cannot replace');
    expect(failing.calls.at(-1)?.slice(0, 2)).toEqual(['stop', 's.c']);
  });

  it('reports the started process, and none after a stop', async () => {
    const { calls, table } = handlers();
    const [start, stop] = [table['container.start'], table['container.stop']];
    const spec = { id: 's.c' } as ContainerSpec;
    expect('one' in start && (await start.one({ spec, life: { restarts: 3 } }))).toEqual({
      pid: 7,
      runtime: 'runc',
      restarts: 3,
    });
    const answer =
      'one' in stop && (await stop.one({ id: 's.c', facts, signal: 'SIGTERM', grace: 10 }));
    expect(JSON.stringify(answer)).toBe('{}');
    expect(Object.keys(answer ?? {})).toEqual(expect.arrayContaining(['pid', 'monitor']));
    expect(calls[1]).toEqual(['stop', 's.c', facts, { signal: 'SIGTERM', grace: 10 }]);
  });

  it('erases disk, log, the log being renamed, and bundle', async () => {
    const { calls, table } = handlers();
    const erase = table['container.erase'];
    if ('one' in erase) await erase.one({ disk: 'd', log: 'l', bundle: 'b' });
    expect(calls).toEqual(['d', 'l', 'l.tmp', 'b'].map((path) => ['remove', path]));
  });
});
