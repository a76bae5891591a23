import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorObject } from 'ajv';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import validate from '../../src/formats/baleine/validate.gen.mjs';
import { type Block, blocksOf } from '../support/markdown.js';
import { inPrivateHost, MAIN, type PrivateHost } from '../support/private-host.js';

/** Every fenced block of these runs as it stands, except for what is listed below. */
const FILES = [
  ...['README.md', 'CONTRIBUTING.md', 'examples/web-farm/README.md', 'examples/single/README.md'],
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
];

/** By what a block begins with. One that matches no block is an error. */
const SKIPPED: Record<string, string> = {
  './setup --test && npm test': 'it installs packages, and runs this test',
  'baleine apply -y -f examples/single/baleine.yaml': 'it fetches packages of Debian',
};

/** What is run instead of a part of a block, and why. One that matches nothing is an error. */
const INSTEAD: [part: string, instead: string, why: string][] = [
  ['./setup && ', '', 'it installs packages'],
  [
    'baleine ui ',
    'timeout -s INT 3 baleine ui --port 7078 || test $? = 124 ',
    'it goes on until Ctrl-C',
  ],
  ['/dev/vda', '$DISK', 'each host has disks of its own'],
];

/** The file of README, which the fragments of all pages belong to. */
const BASE = wholeFileOf('README.md');

/** Blocks that show what is not to be run have another language, or none. */
const LANGUAGES = ['sh', 'yaml'];

/** Files that the text asks the reader to have. */
const FIXTURES = `set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop -keyout shop.key -out shop.pem 2>/dev/null
mkdir -p /srv/shop
cp baleine.yaml /srv/shop/
`;

for (const file of FILES) {
  const all = blocksOf(readFileSync(file, 'utf8'), file).filter(({ language, text }) => {
    const skip = Object.keys(SKIPPED).find((start) => text.startsWith(start));
    return LANGUAGES.includes(language) && skip === undefined;
  });
  const blocks = all.filter(({ isPart }) => !isPart);
  for (const { at, text } of all.filter(({ isPart }) => isPart)) {
    it(`${at}: the fragment is valid where it belongs`, () => {
      const whole = merge(parse(BASE), parse(text));
      expect(validate(whole) ? [] : validate.errors?.map(describeError)).toEqual([]);
    });
  }
  for (const section of new Set(blocks.map((each) => each.section))) {
    const own = blocks.filter((each) => each.section === section);
    // each on a host of its own, and mostly waiting
    it.concurrent(
      `${file}, "${section}": every block runs as it stands`,
      inPrivateHost((host) => runSection(host, own)),
      300_000,
    );
  }
}

it('lists only resources that have a block', () => {
  const listed = [...Object.keys(SKIPPED), ...INSTEAD.map(([part]) => part)];
  const all = FILES.flatMap((file) => blocksOf(readFileSync(file, 'utf8'), file));
  expect(listed.filter((each) => !all.some(({ text }) => text.includes(each)))).toEqual([]);
});

it(
  'the examples of container create run as they stand',
  inPrivateHost(async (host) => {
    const { stdout } = await host.baleine(['container', 'create', '--help']);
    const examples = stdout.slice(stdout.indexOf('Examples:')).match(/^ {2}baleine .*$/gm) ?? [];
    expect(examples.length).toBeGreaterThan(3);
    for (const line of examples) await host.baleine(line.trim().split(' ').slice(1));
    const listed = JSON.parse(
      (await host.baleine(['container', 'list', '--all', '--json'])).stdout,
    );
    expect(listed.map(({ name, status }: Yaml) => [name, status])).toEqual([
      ['db', 'stopped'],
      ['web', 'running'],
    ]);
    await host.baleine(['destroy', '-y', '--volumes', '--stack', '-']);
  }),
  60_000,
);

function wholeFileOf(file: string): string {
  const blocks = blocksOf(readFileSync(file, 'utf8'), file);
  const found = blocks.find(({ language, text }) => language === 'yaml' && /^name:/m.test(text));
  if (!found) throw new Error(`${file} has no whole baleine.yaml`);
  return found.text;
}

type Yaml = Record<string, unknown>;

const describeError = ({ instancePath, message, params }: ErrorObject) =>
  `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`;

/** In order; a part of a file is merged into the whole one, and that is applied. */
async function runSection(host: PrivateHost, blocks: Block[]): Promise<void> {
  const desk = await deskOn(host);
  try {
    for (const block of blocks) await runBlock(host, desk, block);
  } finally {
    for (const stack of stacksOf(host.root)) {
      await host.baleine(['destroy', '-y', '--volumes', '--stack', stack], { timeout: 120_000 });
    }
    for (const path of ['/srv', '/var/spool/cron']) await host.run('umount', [path]);
  }
}

async function runBlock(host: PrivateHost, desk: Desk, { at, language, text }: Block) {
  let source = text;
  for (const [part, instead] of INSTEAD) {
    source = source.replaceAll(part, instead.replace('$DISK', desk.disk));
  }
  const path = join(desk.dir, 'baleine.yaml');
  if (language === 'yaml') {
    const isWhole = /^name:/m.test(source);
    const merged = isWhole
      ? source
      : stringify(merge(parse(readFileSync(path, 'utf8')), parse(source)));
    writeFileSync(path, merged);
  }
  const script = language === 'sh' ? source : 'baleine apply -y\n';
  const ran = await host.run('bash', ['--norc', '-e', '-c', script], {
    ...{ cwd: desk.dir, env: desk.env, reject: false, timeout: 200_000 },
  });
  expect({ at, code: ran.code, stderr: ran.code === 0 ? '' : ran.stderr }).toEqual({
    ...{ at, code: 0, stderr: '' },
  });
}

interface Desk {
  dir: string;
  env: Record<string, string>;
  /** A disk of this host. */
  disk: string;
}

/** A folder with what the text speaks of, and `baleine` in the path. */
async function deskOn(host: PrivateHost): Promise<Desk> {
  const dir = join(host.dir, 'desk');
  const bin = join(host.dir, 'bin');
  for (const each of [dir, bin]) mkdirSync(each);
  writeFileSync(join(bin, 'baleine'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, {
    mode: 0o755,
  });
  for (const each of ['examples', 'schemas']) cpSync(each, join(dir, each), { recursive: true });
  writeFileSync(join(dir, 'baleine.yaml'), BASE);
  await host.run('mount', ['-t', 'tmpfs', 'tmpfs', '/srv']);
  await host.run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/spool/cron']);
  await host.run('sh', ['-c', 'mkdir -m 1730 /var/spool/cron/crontabs']);
  await host.run('chgrp', ['crontab', '/var/spool/cron/crontabs'], { reject: false });
  await host.run('sh', ['-c', FIXTURES], { cwd: dir });
  const name = readdirSync('/sys/block').find((each) => !/^(loop|ram|zram|sr|fd)/.test(each));
  const env = { PATH: `${bin}:${process.env.PATH}`, BALEINE_ROOT: host.root };
  return { dir, env, disk: `/dev/${name ?? 'loop0'}` };
}

/** Maps are joined, all else is replaced, as in several files of Compose. */
function merge(base: unknown, over: unknown): unknown {
  const isMap = (each: unknown): each is Yaml =>
    typeof each === 'object' && each !== null && !Array.isArray(each);
  if (!isMap(base) || !isMap(over)) return over;
  const joined = Object.entries(over).map(([key, value]) => [key, merge(base[key], value)]);
  return { ...base, ...Object.fromEntries(joined) };
}

/** From all recorded rows. */
function stacksOf(root: string): string[] {
  const names = existsSync(root) ? readdirSync(root).filter((each) => each.endsWith('.csv')) : [];
  const found = names.flatMap((name) => {
    const [header = '', ...rows] = readFileSync(join(root, name), 'utf8').split('\n');
    const at = header.split(';').indexOf('STACK');
    return rows.flatMap((row) => (row.startsWith('#') ? [] : (row.split(';')[at] ?? [])));
  });
  return [...new Set(found)].filter(Boolean);
}
