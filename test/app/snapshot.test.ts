import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Answers,
  answerTo,
  recording,
  recordOutcome,
  replaying,
} from '../../src/app/snapshot/answers.js';
import { configOf, placesOf, readSnapshot } from '../../src/app/snapshot/document.js';
import { redact } from '../../src/app/snapshot/redact.js';
import { loadConfig } from '../../src/formats/load.js';
import { UserError } from '../../src/model/errors.js';

/** As written to a file and read again. */
const stored = (answers: Answers): Answers => JSON.parse(JSON.stringify(answers));

describe('a recorded port', () => {
  const port = (calls: string[]) => ({
    bootId: 'boot-1',
    limit: (name: string) => {
      calls.push(name);
      return name === 'none' ? undefined : Number.POSITIVE_INFINITY;
    },
    addresses: (_pid: number, devices: readonly string[]) => new Map([[devices[0], ['10.0.0.1']]]),
    problem: (spec: { checked: string; other: string }) => `no ${spec.checked}`,
    free: (going: ReadonlySet<string>) => going.size,
  });

  it('gives the same answers when it is replayed, and calls nothing', () => {
    const answers: Answers = {};
    const calls: string[] = [];
    const live = recording('host', port(calls), answers);
    const asked = (host: ReturnType<typeof port>) => [
      host.bootId,
      host.limit('none'),
      host.limit('memory'),
      host.addresses(7, ['eth0']),
      host.free(new Set(['b', 'a'])),
    ];
    const results = asked(live);
    expect(asked(live)).toEqual(results);
    expect(calls).toEqual(['none', 'memory']);
    const replayed = replaying<ReturnType<typeof port>>('host', stored(answers));
    expect(asked(replayed)).toEqual(results);
    expect(calls).toEqual(['none', 'memory']);
  });

  it('identifies a question by the relevant part of its argument', () => {
    const relevant = { problem: ({ checked }: { checked: string }) => checked };
    const answers: Answers = {};
    recording('host', port([]), answers, relevant).problem({ checked: 'x', other: 'secret' });
    expect(JSON.stringify(answers)).not.toContain('secret');
    const replayed = replaying<ReturnType<typeof port>>('host', stored(answers), relevant);
    expect(replayed.problem({ checked: 'x', other: 'hash:1' })).toBe('no x');
  });

  it('refuses a question that was not asked', () => {
    const replayed = replaying<ReturnType<typeof port>>('host', {});
    expect(() => replayed.limit('memory')).toThrow(
      'cannot plan from this snapshot: it has no answer to host.limit ["memory"]',
    );
  });

  it('has the errors of the host', async () => {
    const answers: Answers = {};
    const fail = () => Promise.reject(new UserError(['line 1', 'line 2'], 'do this'));
    await expect(recordOutcome('inputs', answers, fail)).rejects.toThrow('line 1');
    const error = new UserError(['line 1', 'line 2'], 'do this');
    expect(() => answerTo('inputs', stored(answers))).toThrow(error);
  });
});

describe('redaction', () => {
  it('keeps equal values of variables equal, and nothing readable', () => {
    const [first, second, other, image] = ['pass', 'pass', 'else', 'pass'];
    const value = {
      containers: { a: { environment: { P: first } }, b: { environment: { P: second, Q: other } } },
      image: { config: { Env: [`P=${image}`, 'PATH=/bin'] } },
      command: ['environment'],
    };
    const redacted = redact(value);
    const { a, b } = redacted.containers;
    expect(a.environment.P).toMatch(/^hash:[0-9a-f]{16}$/);
    expect(b.environment.P).toBe(a.environment.P);
    expect(b.environment.Q).not.toBe(a.environment.P);
    expect(redacted.image.config.Env[0]).toBe(`P=${a.environment.P}`);
    expect(redacted.command).toEqual(['environment']);
    expect(JSON.stringify(redacted)).not.toMatch(/pass|else|\/bin/);
    expect(redact(value).containers.a.environment.P).not.toBe(a.environment.P);
  });
});

describe('the document', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'snapshot-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const text = `name: shop
images:
  base:
    size: 64M
    from: { host: { binaries: [/bin/busybox] } }
    command: [busybox, httpd, -f]
containers:
  web:
    image: base
    limits: { memory: 32M }
`;

  it('has the place of every value', () => {
    const config = loadConfig({ file: 'baleine.yaml', text, env: {}, directory: '/' });
    const { where: _, ...data } = config;
    const replayed = configOf({ config: data, places: placesOf(config) } as never);
    const paths = [
      ['containers', 'web', 'limits', 'memory'],
      ['containers', 'web', 'user'],
      ['images', 'base', 'from', 'host', 'binaries', 0],
      [],
    ];
    for (const path of paths) expect(replayed.where(path)).toBe(config.where(path));
    expect(config.where(paths[0] ?? [])).toBe('baleine.yaml:10:15');
  });

  it.each([
    ['not JSON', '{', 'it is no snapshot'],
    ['another document', '{"format":"baleine plan 1"}', 'not a snapshot of this version'],
    ['a part missing', '{"format":"baleine snapshot 1","rows":[]}', 'not a snapshot of this'],
  ])('is refused when it is %s', (_what, content, message) => {
    const file = join(dir, 'stack.json');
    writeFileSync(file, content);
    expect(() => readSnapshot(file)).toThrow(message);
  });

  it('is refused if it is missing, or no regular file', () => {
    expect(() => readSnapshot(join(dir, 'none'))).toThrow('cannot read');
    expect(() => readSnapshot('/dev/zero')).toThrow('it is not a regular file');
    expect(() => readSnapshot(dir)).toThrow('it is not a regular file');
  });
});
