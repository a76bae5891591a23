import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../support/leaks.js';
import { inPrivateHost } from '../../support/private-host.js';
import { appliedStack, NOTHING, PAIR, Stack } from './stack.js';

/** A running stack, which no refused command may change. */
const use = appliedStack(PAIR);
let before: Snapshot;
beforeAll(async () => {
  before = await use().host.snapshot();
});

/** JSON is valid YAML, here on one line, so that positions are known. */
const json = (more: object) => JSON.stringify({ ...PAIR, ...more });
const containers = (more: object) => json({ containers: { ...PAIR.containers, ...more } });
const at = (address: string) => ({ bridges: { front: { address } } });
const named = (name: string) => containers({ [name]: PAIR.containers.a });

/** The file, and the expected error. */
const FILES: Record<string, [text: string, error: RegExp]> = {
  'no YAML': ['name: [', /:1:8: /],
  nothing: ['', /:1:1: .*nothing/],
  'an unknown tag': ['name: !!js/function x\n', /:1:7: .*tag/],
  'a key twice': ['name: a\nname: b\n', /:2:1: .*"?name"?/],
  'two documents': ['name: a\n---\nname: b\n', /:2:1: .*document/],
  'YAML 1.1': ['%YAML 1.1\n---\nname: a\n', /:1:1: only YAML 1\.2 .*/],
  'many aliases': [`name: a\nx: &x [1]\ny: [${'*x, '.repeat(600)}]\n`, /:3:\d+: .*alias/],
  'a number without end': [
    'name: a\ncontainers: { a: { image: i, replicas: .inf } }\n',
    /:2:40: containers\.a\.replicas must be a whole number .*"\.inf"/,
  ],
  'the key __proto__': ['name: a\n__proto__: { x: 1 }\n', /:2:1: .*__proto__/],
  'an unknown key': [
    'name: a\ncontainer: {}\n',
    /:2:1: unknown key "container".*\n[\s\S]*containers/,
  ],
  'no name': ['bridges: {}\n', /:1:1: .*name/],
  'the name ../x': [named('../x'), /:1:\d+: .*"\.\.\/x"/],
  'the name -x': [named('-x'), /:1:\d+: .*"-x"/],
  'the name a b': [named('a b'), /:1:\d+: .*"a b"/],
  'a name with a command': [named('a\nlink del eth0'), /:1:\d+: .*"a\\nlink del eth0"/],
  'the name v%d': [named('v%d'), /:1:\d+: .*"v%d"/],
  'an address outside its subnet': [
    containers({ c: { ...PAIR.containers.a, ...at('10.77.2.9') } }),
    /:1:\d+: .*10\.77\.2\.9/,
  ],
  'the network address': [
    containers({ c: { ...PAIR.containers.a, ...at('10.77.1.0') } }),
    /:1:\d+: .*10\.77\.1\.0/,
  ],
  'the broadcast address': [
    containers({ c: { ...PAIR.containers.a, ...at('10.77.1.255') } }),
    /:1:\d+: .*10\.77\.1\.255/,
  ],
  'the host’s address': [
    containers({ c: { ...PAIR.containers.a, ...at('10.77.1.1') } }),
    /:1:\d+: .*10\.77\.1\.1/,
  ],
  'an address twice': [
    containers({ c: { ...PAIR.containers.a, ...at('10.77.1.12') } }),
    /:1:\d+: .*10\.77\.1\.12/,
  ],
  'overlapping subnets': [
    json({ bridges: { ...PAIR.bridges, back: { subnet: '10.77.1.128/25' } } }),
    /:1:\d+: .*10\.77\.1\.128\/25/,
  ],
  'an unknown image': [
    containers({ c: { ...PAIR.containers.b, ...at('10.77.1.13'), image: 'bx' } }),
    /:1:\d+: .*"?bx"?[\s\S]*box/,
  ],
  'an unknown bridge': [
    containers({ c: { image: 'box', bridges: ['frnt'] } }),
    /:1:\d+: .*frnt[\s\S]*front/,
  ],
  'a circle of needs': [
    containers({ c: { image: 'box', depends_on: ['d'] }, d: { image: 'box', depends_on: ['c'] } }),
    /:1:\d+: .*c → d → c|d → c → d/,
  ],
  'a missing variable': [`name: "\${NO_SUCH_NAME:?give one}"\n`, /:1:8: .*give one/],
};

describe('a file', () => {
  it.each(Object.entries(FILES))('with %s is refused, with its place', async (_, [text, error]) => {
    const stack = use();
    stack.write(text);
    const { code, stdout, stderr } = await stack.run('apply', '-y');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^Error: ${stack.file}${error.source}`));
  });

  it('shows all errors at once', async () => {
    const stack = use();
    stack.write('name: A\nimage: {}\ncontainers:\n  a: { image: i, replicas: x }\n');
    const { code, stderr } = await stack.run('plan');
    expect(code).toBe(1);
    for (const place of ['1:7', '2:1', '4:28'])
      expect(stderr).toContain(`${stack.file}:${place}: `);
    expect(stderr).toContain('  a: { image: i, replicas: x }\n');
  });

  it('with the subnet of another stack is refused', async () => {
    const ran = await other({ bridges: PAIR.bridges }).run('apply', '-y');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      'other.yaml:5:7: subnet 10.77.1.0/24 overlaps 10.77.1.0/24 of bridge front of stack pair\n',
    );
  });

  it('with a subnet of another interface of the host is refused', async () => {
    const { run } = use().host;
    await run('ip', ['link', 'add', 'elsewhere', 'type', 'bridge']);
    await run('ip', ['address', 'add', '10.99.0.1/16', 'dev', 'elsewhere']);
    const bridges = { mine: { subnet: '10.99.7.0/24' } };
    const ran = await other({ bridges }).run('apply', '-y');
    await run('ip', ['link', 'delete', 'elsewhere']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      'other.yaml:5:7: subnet 10.99.7.0/24 overlaps 10.99.0.1/16 of interface elsewhere\n',
    );
  });
});

function other(words: object): Stack {
  return new Stack(use().host, { name: 'other', ...words }, 'other.yaml');
}

const DAMAGES: Record<string, (text: string) => string> = {
  truncated: (text) => text.slice(0, text.length / 2),
  'cut after a row': (text) => `${text.split('\n').slice(0, 2).join('\n')}\n`,
  empty: () => '',
  'filled with zeros': (text) => '\0'.repeat(text.length),
  'one with a row twice': (text) => text.replace(/^(\d.*\n)/m, '$1$1'),
  edited: (text) => text.replace('64M', '65M'),
};

describe('a table that is', () => {
  it.each(Object.entries(DAMAGES))(
    '%s stops commands that would change something',
    async (_, damage) => {
      await withTable(
        (path, good) => writeFileSync(path, damage(good)),
        [
          ['apply', '-y'],
          ['destroy', '-y'],
        ],
      );
    },
  );

  it('missing stops every command', async () => {
    const commands = [['plan'], ['apply', '-y'], ['destroy', '-y'], ['ps']];
    await withTable((path) => rmSync(path), commands);
  });
});

/** Damages containers.csv, runs commands, which must fail, and restores it. */
async function withTable(
  damage: (path: string, good: string) => void,
  commands: string[][],
): Promise<void> {
  const stack = use();
  stack.write(PAIR);
  const path = join(stack.host.root, 'containers.csv');
  const good = readFileSync(path, 'utf8');
  damage(path, good);
  for (const words of commands) {
    const { code, stdout, stderr } = await stack.run(...words);
    expect({ words, code, stdout }).toEqual({ words, code: 1, stdout: '' });
    expect(stderr).toContain(`Error: cannot trust ${path}: `);
  }
  writeFileSync(path, good, { mode: 0o600 });
}

it('and afterwards the host is unchanged', async () => {
  const stack = use();
  stack.write(PAIR);
  expect(await stack.plan()).toBe(NOTHING);
  const tables = /^changed: file .*\/root(\/containers\.csv)? \(/;
  const changes = await stack.changes(before);
  expect(changes.filter((line) => !tables.test(line))).toEqual([]);
});

it(
  'leaves no trace on a host without a state',
  inPrivateHost(async (host) => {
    const stack = new Stack(host);
    stack.write('name: ../x\n');
    for (const words of [['plan'], ['apply', '-y'], ['destroy', '-y']]) {
      expect({ words, code: (await stack.run(...words)).code }).toEqual({ words, code: 1 });
    }
    expect(await host.leaks()).toEqual([]);
  }),
);

it(
  'a changed subnet is refused at plan if the host has a route to it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, { name: 'other' }, 'other.yaml');
    const net = (part: number) =>
      `name: other\nbridges:\n  mine: { subnet: 10.${part}.7.0/24, host: 10.${part}.7.1 }\n`;
    stack.write(net(99));
    expect((await stack.run('apply', '-y')).code).toBe(0);
    await host.run('ip', ['route', 'add', '10.98.0.0/16', 'dev', 'lo']);
    stack.write(net(98));
    const refused = await stack.run('plan');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'other.yaml:3:11: subnet 10.98.7.0/24 overlaps 10.98.0.0/16, to which this host has a route by lo\n',
    );
    await host.run('ip', ['route', 'delete', '10.98.0.0/16', 'dev', 'lo']);
    expect((await stack.run('apply', '-y')).code).toBe(0);
    expect((await stack.run('destroy', '-y')).code).toBe(0);
  }),
);
