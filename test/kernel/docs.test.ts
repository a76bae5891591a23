import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ErrorObject } from 'ajv';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import validate from '../../src/formats/baleine/validate.gen.mjs';
import { type Block, blocksOf } from '../support/markdown.js';
import { inPrivateHost, MAIN, type PrivateHost } from '../support/private-host.js';

/** Every fenced block of these files runs unmodified, with the exceptions below. */
const FILES = [
  ...['README.md', 'CONTRIBUTING.md', 'examples/web-farm/README.md', 'examples/single/README.md'],
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
];

/** Skipped blocks by their beginning, with the reason. An entry that matches no block is an error. */
const SKIPPED: Record<string, string> = {
  './setup --test && npm test': 'it installs packages, and runs this test',
  'baleine apply -y -f examples/single/baleine.yaml': 'it fetches packages of Debian',
};

/** Replacements for parts of blocks, with the reason. An entry that matches nothing is an error. */
const REPLACED: [part: string, replacement: string, why: string][] = [
  ['./setup && ', '', 'it installs packages'],
  [
    'baleine ui ',
    'timeout -s INT 3 baleine ui --port 7078 || test $? = 124 ',
    'it runs until Ctrl-C',
  ],
  ['/dev/vda', '$DISK', 'names of disks differ between hosts'],
];

/** The complete file in README, into which the fragments of all pages are merged. */
const BASE = wholeFileOf('README.md');

/** Blocks of another language, or of none, are not run. */
const LANGUAGES = ['sh', 'yaml'];

/** Files that the text expects the reader to have. */
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
    // each has its own host and mostly waits
    it.concurrent(
      `${file}, "${section}": every block runs as it stands`,
      inPrivateHost((host) => runSection(host, own)),
      300_000,
    );
  }
}

it('lists only resources that have a block', () => {
  const listed = [...Object.keys(SKIPPED), ...REPLACED.map(([part]) => part)];
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

/** Runs the blocks in order. A partial file is merged into the complete one, which is then applied. */
async function runSection(host: PrivateHost, blocks: Block[]): Promise<void> {
  const desk = await createWorkspace(host);
  try {
    for (const block of blocks) await runBlock(host, desk, block);
  } finally {
    for (const stack of stacksOf(host.root)) {
      await host.baleine(['destroy', '-y', '--volumes', '--stack', stack], { timeout: 120_000 });
    }
    for (const path of ['/srv', '/var/spool/cron']) await host.run('umount', [path]);
  }
}

async function runBlock(host: PrivateHost, desk: Workspace, { at, language, text }: Block) {
  let source = text;
  for (const [part, replacement] of REPLACED) {
    source = source.replaceAll(part, replacement.replace('$DISK', desk.disk));
  }
  const isCompose = /^services:/m.test(source);
  const path = join(desk.dir, isCompose ? 'compose/compose.yaml' : 'baleine.yaml');
  if (language === 'yaml') {
    const isWhole = isCompose || /^name:/m.test(source);
    mkdirSync(dirname(path), { recursive: true });
    const merged = isWhole
      ? source
      : stringify(merge(parse(readFileSync(path, 'utf8')), parse(source)));
    writeFileSync(path, merged);
  }
  const script = language === 'sh' ? source : `baleine -f ${path} apply -y\n`;
  const ran = await host.run('bash', ['--norc', '-e', '-c', script], {
    ...{ cwd: desk.dir, env: desk.env, reject: false, timeout: 200_000 },
  });
  expect({ at, code: ran.code, stderr: ran.code === 0 ? '' : ran.stderr }).toEqual({
    ...{ at, code: 0, stderr: '' },
  });
}

interface Workspace {
  dir: string;
  env: Record<string, string>;
  /** Path of a disk of this host. */
  disk: string;
}

/** A folder with the files that the text mentions, and `baleine` in the path. */
async function createWorkspace(host: PrivateHost): Promise<Workspace> {
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

/** Merges maps and replaces everything else, as Compose does with several files. */
function merge(base: unknown, over: unknown): unknown {
  const isMap = (each: unknown): each is Yaml =>
    typeof each === 'object' && each !== null && !Array.isArray(each);
  if (!isMap(base) || !isMap(over)) return over;
  const joined = Object.entries(over).map(([key, value]) => [key, merge(base[key], value)]);
  return { ...base, ...Object.fromEntries(joined) };
}

/** Names of the stacks that have rows. */
function stacksOf(root: string): string[] {
  const names = existsSync(root) ? readdirSync(root).filter((each) => each.endsWith('.csv')) : [];
  const found = names.flatMap((name) => {
    const [header = '', ...rows] = readFileSync(join(root, name), 'utf8').split('\n');
    const at = header.split(';').indexOf('STACK');
    return rows.flatMap((row) => (row.startsWith('#') ? [] : (row.split(';')[at] ?? [])));
  });
  return [...new Set(found)].filter(Boolean);
}
