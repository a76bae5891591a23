import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { idOf, installPaths, rootfsDir } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE } from '../../support/small-image.js';

const SOURCE = fileURLToPath(new URL('probes.c', import.meta.url));
const MARKER = `outside-${process.pid}`;
const VICTIM = '10.71.2.2';
const PORT = '8080';

/** The outcome of each probe by name: an errno, a signal, or SUCCESS. */
type Outcomes = Map<string, string>;

describe.each(usableRuntimes())('%s', (runtime) => {
  it(
    'contains a default container',
    inPrivateHost(async (host) => {
      const outside = await prepare(host);
      try {
        await host.baleine(['apply', '-y', '-f', stackFile(host, runtime)]);
        for (const name of ['default', 'mapped', 'open']) await addNodes(host, name);
        const words = ['/probes', String(outside.pid), ...disk(), MARKER, VICTIM, PORT];
        const first = await asFirstProcess(host, words);
        const executed = await asExecuted(host, 'default', words);
        const mapped = await asExecuted(host, 'mapped', words);
        const control = await asExecuted(host, 'open', words);
        const columns = {
          'first process': first,
          executed,
          'userns: auto': mapped,
          'unconfined, all capabilities': control,
        };
        process.stdout.write(`${report(runtime, columns)}\n`);

        expect(first.size).toBeGreaterThan(90);
        for (const outcomes of [first, executed, mapped])
          expect(brokenOperations(outcomes)).toEqual([]);
        expect(successes(first)).toEqual([]);
        expect(successes(executed)).toEqual([]);
        expect(mapped.size).toBe(first.size);
        expect(successes(mapped)).toEqual([]);
        // without confinement the probes succeed, so their failures above mean something
        expect(successes(control).length).toBeGreaterThan(30);
        const neighbor = await host.baleine([...exec('neighbor'), 'busybox', 'wget', '-qO-', PAGE]);
        expect(neighbor.stdout).toBe('reached');
        await host.baleine(['destroy', '-y', '-f', join(host.dir, 'baleine.yaml')]);
      } finally {
        outside.kill('SIGKILL');
      }
    }),
  );
});

const PAGE = `http://${VICTIM}:${PORT}/page`;

/** Compiles the probes and starts the process that they look for. */
async function prepare(host: PrivateHost) {
  const skeleton = join(host.dir, 'skeleton');
  mkdirSync(skeleton);
  await execa('gcc', ['-O1', '-static', '-o', join(skeleton, 'probes'), SOURCE]);
  copyFileSync(join(skeleton, 'probes'), join(host.dir, 'outside'));
  writeFileSync(join(skeleton, 'page'), 'reached');
  const into = [`--target=${host.pid}`, '--mount', '--net', '--'];
  const outside = spawn('nsenter', [...into, join(host.dir, 'outside'), 'listen', MARKER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(outside.stdout, 'data');
  return outside;
}

function stackFile(host: PrivateHost, runtime: string): string {
  const file = join(host.dir, 'baleine.yaml');
  const common = { image: 'box', command: IDLE, runtime };
  const wait = 'until [ -e /go ]; do busybox usleep 20000; done; read words < /go; exec $words';
  const stack = {
    name: 'escape',
    images: {
      box: {
        size: '16M',
        from: { host: { binaries: ['/bin/busybox'] } },
        copy: [{ from: './skeleton', to: '/' }],
      },
    },
    bridges: {
      here: { subnet: '10.71.1.0/24', host: '10.71.1.1' },
      there: { subnet: '10.71.2.0/24', isolated: true },
    },
    containers: {
      first: {
        ...common,
        command: ['busybox', 'sh', '-c', wait],
        bridges: ['here'],
        restart: 'no',
      },
      default: { ...common, bridges: ['here'] },
      mapped: { ...common, bridges: ['here'], userns: 'auto' },
      open: { ...common, bridges: ['here'], security: 'unconfined', cap_add: ['ALL'] },
      neighbor: { ...common, bridges: ['there'] },
      victim: {
        ...common,
        command: ['busybox', 'httpd', '-f', '-p', PORT, '-h', '/'],
        bridges: { there: { address: VICTIM } },
      },
    },
  };
  writeFileSync(file, JSON.stringify(stack));
  return file;
}

/** Adds device nodes that an image could contain: of the host's disk and memory. */
async function addNodes(host: PrivateHost, name: string): Promise<void> {
  const tree = rootfsDir(installPaths(host.root), idOf('escape', name));
  await host.run('mknod', [join(tree, 'disk'), 'b', ...disk()]);
  await host.run('mknod', [join(tree, 'mem'), 'c', '1', '1']);
}

/** Major and minor number (makedev(3)) of the disk that this file is on. */
function disk(): [string, string] {
  const { dev } = statSync(SOURCE);
  return [String((dev >> 8) & 0xfff), String((dev & 0xff) | ((dev >> 12) & 0xfff00))];
}

const exec = (name: string) => ['exec', '--stack', 'escape', name, '--'];

async function asFirstProcess(host: PrivateHost, words: string[]): Promise<Outcomes> {
  await addNodes(host, 'first');
  const tree = rootfsDir(installPaths(host.root), idOf('escape', 'first'));
  await host.run('sh', ['-c', `echo "$1" > ${tree}/go`, 'sh', words.join(' ')]);
  const logs = async () =>
    (await host.baleine(['logs', '--stack', 'escape', 'first'])).stdout.replace(/^.*?\| /gm, '');
  await expect.poll(logs, { timeout: 60_000 }).toContain('trace_files\t');
  return outcomesIn(await logs());
}

async function asExecuted(host: PrivateHost, name: string, words: string[]): Promise<Outcomes> {
  return outcomesIn((await host.baleine([...exec(name), ...words])).stdout);
}

function outcomesIn(text: string): Outcomes {
  const lines = text.split('\n').filter((line) => line.includes('\t'));
  return new Map(lines.map((line) => line.trim().split('\t') as [string, string]));
}

function successes(outcomes: Outcomes): string[] {
  return [...outcomes].filter(([, outcome]) => outcome === 'SUCCESS').map(([name]) => name);
}

/** Everyday operations that do not work. */
function brokenOperations(outcomes: Outcomes): string[] {
  return [...outcomes]
    .filter(([name, outcome]) => name.startsWith('usual_') && outcome !== 'works')
    .map(([name]) => name);
}

function report(runtime: string, columns: Record<string, Outcomes>): string {
  const row = (name: string, cells: string[]) =>
    `${name.padEnd(22)}${cells.map((each) => each.padEnd(14)).join('')}`;
  const all = Object.values(columns);
  const names = [...(all[0]?.keys() ?? [])];
  const lines = names.map((name) =>
    row(
      name,
      all.map((each) => each.get(name) ?? '-'),
    ),
  );
  return [row(`${runtime}: probe`, Object.keys(columns)), ...lines].join('\n');
}
