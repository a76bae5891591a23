import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { linuxFiles } from '../../src/host/linux/files/index.js';
import type { Host } from '../../src/host/ports.js';
import { config } from '../../src/kinds/generated-file/index.js';
import type { ConfigVerbs } from '../../src/kinds/generated-file/steps.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { ConfigSpec } from '../../src/model/specs.js';
import type { StepOf } from '../../src/model/step.js';
import { fileProbe } from './probe.js';

const paths = installPaths('/var/lib/baleine');
const reader = { id: 'shop.proxy', check: ['haproxy', '-c', '-f', '/p/x.next'], signal: 'SIGUSR2' };
let spec: ConfigSpec;
let path: string;
const desired = (more: Partial<ConfigSpec> = {}): Resource<ConfigSpec> => ({
  address: 'config.proxy',
  kind: 'config',
  name: 'proxy',
  spec: { ...spec, ...more },
  needs: [],
  protect: false,
});
const recorded = (
  more: Partial<ConfigSpec> = {},
  status: Row['status'] = 'ready',
): Row<ConfigSpec> => ({
  ...desired(more),
  stack: 'shop',
  status,
  facts: {},
});

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'baleine-config-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const dir = join(root, 'configs', 'proxy');
  spec = { dir, file: 'proxy.cfg', text: 'old\n', reader };
  path = join(dir, 'proxy.cfg');
});

describe('what differs', () => {
  const text = (before: string, after: string, cause: 'file' | 'drift') =>
    expect.objectContaining({ attribute: 'text', before, after, cause, effect: 'update' });

  it.each([
    ['nothing', 'old', 'ready', 'old', 'old', []],
    ['the file', 'old', 'ready', 'old', 'new', [text('old', 'new', 'file')]],
    ['the host', 'old', 'ready', 'other', 'old', [text('other', 'old', 'drift')]],
    [
      'both',
      'old',
      'ready',
      'other',
      'new',
      [text('old', 'new', 'file'), text('other', 'old', 'drift')],
    ],
    ['both, to the same', 'old', 'ready', 'new', 'new', [text('old', 'new', 'file')]],
    [
      'an update that did not get so far',
      'new',
      'pending',
      'old',
      'new',
      [text('old', 'new', 'file')],
    ],
    ['an update that did, but is not ready', 'new', 'pending', 'new', 'new', []],
  ] as const)('%s', (_, row, status, seen, wanted, differences) => {
    const result = config.compare(desired({ text: wanted }), recorded({ text: row }, status), {
      text: seen,
    });
    expect(result).toEqual(differences);
  });

  it('the path, which needs a replacement, and the reader', () => {
    const other = { dir: '/other', reader: { ...reader, signal: 'SIGHUP' } };
    expect(config.compare(desired(other), recorded(), { text: spec.text })).toMatchObject([
      { attribute: 'dir', effect: 'replace', reason: `dir ${spec.dir} → /other` },
      { attribute: 'reader', effect: 'update', cause: 'file' },
    ]);
  });
});

describe('the steps', () => {
  it('write, then notify the reader', () => {
    const { dir, file, text } = spec;
    const { id, check, signal } = reader;
    expect(config.create(desired(), 'new', paths)).toEqual([
      { verb: 'config.write', args: { dir, file, text, reader: { id, check } }, reason: 'new' },
      { verb: 'config.reload', args: { reader: { id, signal } }, reason: 'new' },
    ]);
  });

  it('give the previous worker of a proxy time to finish during a transition', () => {
    const proxy = { id: 'shop.proxy', socket: '/dev/shm/proxy.sock', backend: 'shop-servers' };
    const rotation = { proxy, servers: [], drain: 5000, handover: 10_000 };
    const { id, signal } = reader;
    expect(config.create(desired({ rotation }), 'new', paths).at(-1)).toEqual({
      verb: 'config.reload',
      args: { reader: { id, signal }, proxy, handover: 10_000 },
      reason: 'new',
    });
  });

  it('only write if there is no reader', () => {
    const { reader: _, ...alone } = spec;
    const steps = config.create({ ...desired(), spec: alone }, 'new', paths);
    expect(steps.map(({ verb }) => verb)).toEqual(['config.write']);
  });

  it('are the same after an interrupted update, because the reader may not know yet', () => {
    const steps = config.update(desired(), recorded({}, 'pending'), { text: spec.text }, [], paths);
    expect(steps.map(({ verb, reason }) => `${verb} ${reason}`)).toEqual([
      'config.write unfinished',
      'config.reload unfinished',
    ]);
  });
});

describe('on the host', () => {
  it('is a world-readable file, observed by its text', async () => {
    expect(config.observe(spec, {}, fileProbe, paths)).toBeUndefined();
    await executePlan(config.create(desired(), 'new', paths), fakeReader({ runs: false }));
    expect(readFileSync(path, 'utf8')).toBe('old\n');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(statSync(spec.dir).mode & 0o777).toBe(0o755);
    expect(statSync(join(spec.dir, '..')).mode & 0o777).toBe(0o700);
    expect(config.observe(spec, {}, fileProbe, paths)).toEqual(config.assume(spec, {}));
  });

  it('changes once its running reader has checked the new text', async () => {
    await executePlan(config.create(desired(), 'new', paths), fakeReader({ runs: false }));
    const runs = fakeReader({ runs: true });
    await executePlan(config.create(desired({ text: 'new\n' }), 'changed', paths), runs);
    expect(runs.seen).toEqual(['haproxy -c -f /p/x.next: old\n then new\n', 'SIGUSR2']);
    expect(readFileSync(path, 'utf8')).toBe('new\n');
    expect(readdirSync(spec.dir)).toEqual(['proxy.cfg']);
  });

  it('stays unchanged if the reader rejects the new text', async () => {
    await executePlan(config.create(desired(), 'new', paths), fakeReader({ runs: false }));
    const before = statSync(path, { bigint: true });
    const refuses = fakeReader({ runs: true, refuses: '[ALERT] unknown keyword\n' });
    await expect(
      executePlan(config.create(desired({ text: 'bad\n' }), 'changed', paths), refuses),
    ).rejects.toThrow(
      `cannot change ${path}: shop.proxy rejects the new text: [ALERT] unknown keyword`,
    );
    expect(refuses.seen).toEqual(['haproxy -c -f /p/x.next: old\n then bad\n']);
    expect(statSync(path, { bigint: true }).ino).toBe(before.ino);
    expect(readFileSync(path, 'utf8')).toBe('old\n');
    expect(readdirSync(spec.dir)).toEqual(['proxy.cfg']);
  });

  it('leaves no temporary file if the check itself fails', async () => {
    const broken = fakeReader({ runs: true, breaks: true });
    await expect(executePlan(config.create(desired(), 'new', paths), broken)).rejects.toThrow(
      'no runtime',
    );
    expect(readdirSync(spec.dir)).toEqual([]);
  });

  it('is removed with its folder', async () => {
    await executePlan(config.create(desired(), 'new', paths), fakeReader({ runs: false }));
    await executePlan(config.remove(recorded(), 'gone', paths), fakeReader({ runs: false }));
    expect(existsSync(spec.dir)).toBe(false);
  });
});

interface FakeReader {
  seen: string[];
  runtime: Pick<Host['runtime'], 'execute' | 'signal'>;
}

/** Records its calls and, at a check, the texts it finds. */
function fakeReader({ runs = false, refuses = '', breaks = false }): FakeReader {
  const seen: string[] = [];
  const text = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : 'none');
  return {
    seen,
    runtime: {
      execute: async (_id, args) => {
        if (breaks) throw new Error('no runtime');
        if (!runs) return undefined;
        seen.push(`${args.join(' ')}: ${text(path)} then ${text(`${path}.next`)}`);
        return { code: refuses ? 1 : 0, output: refuses };
      },
      signal: async (_id, signal) => {
        if (runs) seen.push(signal);
        return runs;
      },
    },
  };
}

async function executePlan(steps: StepOf<ConfigVerbs>[], { runtime }: FakeReader): Promise<void> {
  const handlers = await config.handlers({ files: linuxFiles(), runtime } as Host, paths);
  for (const { verb, args } of steps) {
    const handler = handlers[verb] as { one: (args: unknown) => Promise<unknown> };
    await handler.one(args);
  }
}
