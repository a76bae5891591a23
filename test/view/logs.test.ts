import { expect, it } from 'vitest';
import { logPrefixes, printLog } from '../../src/view/logs.js';

type Part = Parameters<typeof printLog>[0] extends AsyncIterable<(infer P)[]> ? P : never;

const part = (container: string, text: string, more: Partial<Part> = {}): Part => ({
  container,
  time: '2026-01-01T00:00:00.1Z',
  stream: 'stdout',
  bytes: Buffer.from(text),
  isStart: true,
  isEnd: true,
  ...more,
});
const half = { isEnd: false };
const rest = { isStart: false };

async function shown(parts: Part[], view: Partial<Parameters<typeof printLog>[1]> = {}) {
  const texts = { stdout: '', stderr: '' };
  const all = { timestamps: false, json: false, escaped: () => false, ...view };
  async function* batches() {
    for (const each of parts) yield [each];
  }
  await printLog(batches(), all, async (stream, bytes) => {
    texts[stream] += bytes.toString();
  });
  return texts;
}

const prefix = logPrefixes(['a', 'long'], () => false);

it('aligns names, also of a container that comes later', async () => {
  const { stdout } = await shown([part('a', '1'), part('long', '2'), part('longer', '3')], {
    prefix: logPrefixes(['a', 'long'], () => false),
  });
  expect(stdout).toBe('a    | 1\nlong | 2\nlonger | 3\n');
});

it('gives each container a color of its own, and none to its text', async () => {
  const colored = logPrefixes(['a', 'b'], (stream) => stream === 'stdout');
  expect(colored('a', 'stdout')).toBe('\x1b[36ma |\x1b[0m ');
  expect(colored('b', 'stdout')).toBe('\x1b[33mb |\x1b[0m ');
  expect(colored('a', 'stdout')).toBe('\x1b[36ma |\x1b[0m ');
  expect(colored('a', 'stderr')).toBe('a | ');
});

it('puts an interrupted line on lines of its own', async () => {
  const parts = [
    part('a', 'one ', half),
    part('long', 'other'),
    part('a', 'two', { ...half, ...rest }),
    part('a', '', rest),
    part('a', 'prompt: ', half),
    part('long', 'x'),
    part('a', '', rest),
  ];
  expect((await shown(parts, { prefix })).stdout).toBe(
    'a    | one \nlong | other\na    | two\na    | prompt: \nlong | x\n',
  );
});

it('interrupts a line for the other stream only on a terminal that shows both', async () => {
  const parts = [
    part('a', 'out', half),
    part('long', 'err', { stream: 'stderr' }),
    part('a', '.', rest),
  ];
  expect(await shown(parts, { prefix })).toEqual({
    stdout: 'a    | out.\n',
    stderr: 'long | err\n',
  });
  expect((await shown(parts, { prefix, oneScreen: true })).stdout).toBe('a    | out\na    | .\n');
});

it('escapes each container’s characters by themselves', async () => {
  const [first, second] = [Buffer.from([0xc3]), Buffer.from([0xa9])];
  const parts = [
    part('a', '', { bytes: first, ...half }),
    part('long', '\x1b[2J'),
    part('a', '', { bytes: second, ...rest }),
  ];
  expect((await shown(parts, { prefix, escaped: () => true })).stdout).toBe(
    'a    | \nlong | \\u001b[2J\na    | é\n',
  );
});

it('names the container in JSON', async () => {
  const { stdout } = await shown([part('a', 'x', half), part('a', 'y', rest)], { json: true });
  expect(stdout).toBe(
    '{"container":"a","time":"2026-01-01T00:00:00.1Z","stream":"stdout","text":"xy"}\n',
  );
});
