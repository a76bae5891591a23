import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { shareLock } from '../../../../src/host/linux/process/lock-share.js';
import { findProgram } from '../../../../src/host/linux/process/programs.js';
import {
  type DaemonCommand,
  SpawnHelper,
} from '../../../../src/host/linux/process/spawn-helper.js';
import { UserError } from '../../../../src/model/errors.js';

let helper: SpawnHelper;
let dir: string;
const startedPids: number[] = [];

beforeEach(() => {
  helper = new SpawnHelper();
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'spawn-helper-')));
});

afterEach(() => {
  for (const pid of startedPids.splice(0)) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true });
});

const TO_HELPER = '>/proc/self/fd/$_OCI_SYNCPIPE';

/** A program that runs a script in the background and ends, as conmon does. */
const forking = (script: string, more: Partial<DaemonCommand> = {}): DaemonCommand => ({
  folder: dir,
  sockets: [],
  lineTimeout: 20,
  program: '/bin/sh',
  args: ['-c', '"$@" &', 'sh', '/bin/sh', '-c', script],
  ...more,
});

/** Starts a program that reports its pid and keeps running. */
async function sleeper(more: Partial<DaemonCommand> = {}): Promise<number> {
  const script = `echo $$ ${TO_HELPER}; exec sleep 60`;
  const { line, complaint } = await helper.during(() => helper.begin(forking(script, more)));
  const pid = Number(line);
  if (pid > 0) startedPids.push(pid);
  expect(complaint).toBe('');
  return pid;
}

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);

const files = (pid: number) =>
  execFileSync('ls', [`/proc/${pid}/fd`], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map((name): [number, string] => [Number(name), readlinkSync(`/proc/${pid}/fd/${name}`)]);

it('keeps a program running in its folder, and returns its first line', async () => {
  const pid = await sleeper();
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(dir);
  const open = Object.fromEntries(files(pid));
  expect(open).toMatchObject({
    ...{ 0: '/dev/null', 1: '/dev/null', 2: expect.stringMatching(/^pipe:/) },
  });
});

it('passes arguments as they are and runs a program to its end', async () => {
  const file = join(dir, 'out');
  const words = ['a b', '', '$HOME;`id`', 'line\nbreak', 'ü'];
  const script = 'for word in "$@"; do printf "%s|" "$word"; done >"$0"; cat >>"$0"';
  await helper.during(() => helper.run('sh', ['-c', script, file, ...words], 'write'));
  expect(readFileSync(file, 'utf8')).toBe(words.map((word) => `${word}|`).join(''));
});

it('reports why a program failed', async () => {
  const failing = (script: string) =>
    helper.during(() => helper.run('/bin/sh', ['-c', script], 'start c1'));
  await expect(failing('echo one >&2; exit 3')).rejects.toThrow('cannot start c1: /bin/sh: one');
  await expect(failing('exit 3')).rejects.toThrow('cannot start c1: /bin/sh: exit code 3');
  await expect(failing('kill -9 $$')).rejects.toThrow('cannot start c1: /bin/sh: signal 9');
  const none = helper.during(() => helper.run('/no/such', [], 'start c1'));
  await expect(none).rejects.toThrow(
    'cannot start c1: /no/such: cannot run /no/such: No such file or directory',
  );
});

it('returns the error printed instead of a first line', async () => {
  const plain = { program: '/bin/sh', args: ['-c', 'echo no >&2; exit 1'] };
  const answer = await helper.during(() => helper.begin(forking('', plain)));
  expect(answer).toMatchObject({ line: '', complaint: 'no\n' });
  const nowhere = { folder: join(dir, 'none') };
  expect(await helper.during(() => helper.begin(forking('', nowhere)))).toMatchObject({
    line: '',
    complaint: `cannot enter ${dir}/none: No such file or directory\n`,
  });
});

it('ends a program that prints no line in time', async () => {
  const file = join(dir, 'pid');
  const args = ['-c', 'echo $$ >"$0"; exec sleep 60', file];
  const { line } = await helper.during(() => helper.begin(forking('', { lineTimeout: 1, args })));
  expect(line).toBe('');
  expect(() => process.kill(Number(readFileSync(file, 'utf8')), 0)).toThrow('ESRCH');
});

it('starts many concurrently from one process, which ends with the last', async () => {
  const before = childrenOf(process.pid);
  let meanwhile: string[] = [];
  const pids = await helper.during(async () => {
    const all = Array.from({ length: 20 }, () => sleeper());
    const started = await Promise.all(all);
    meanwhile = childrenOf(process.pid).filter((pid) => !before.includes(pid));
    return started;
  });
  expect(new Set(pids).size).toBe(20);
  expect(meanwhile).toHaveLength(1);
  expect(childrenOf(process.pid)).toEqual(before);
});

it('passes listening sockets to a program, from descriptor 3 on', async () => {
  const [first, second] = [await freePort(), await freePort()];
  const sockets = [first, second].map((published) => ({ host_ip: '127.0.0.1', published }));
  const pid = await sleeper({ sockets });
  const open = Object.fromEntries(files(pid));
  expect(open).toMatchObject({
    3: expect.stringMatching(/^socket:/),
    4: expect.stringMatching(/^socket:/),
  });
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  expect(environment).toContain('LISTEN_FDS=2');
  for (const port of [first, second]) {
    const client = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => client.on('connect', resolve).on('error', reject));
    client.destroy();
  }
});

it('reports an address it cannot listen on', async () => {
  const taken = createServer();
  const port = await listening(taken);
  try {
    const sockets = [{ host_ip: '127.0.0.1', published: port }];
    const { line, complaint } = await helper.during(() =>
      helper.begin(forking(`echo $$ ${TO_HELPER}`, { sockets })),
    );
    expect(line).toBe('');
    expect(complaint).toBe(`cannot listen at 127.0.0.1:${port}: Address already in use\n`);
  } finally {
    taken.close();
  }
});

it('shares the lock with a program that ends, not with one that keeps running', async () => {
  const path = join(dir, '.lock');
  const lock = openSync(path, 'a');
  shareLock(lock);
  try {
    const pid = await sleeper();
    expect(files(pid).map(([, file]) => file)).not.toContain(path);
    const list = join(dir, 'list');
    const script = 'for each in /proc/self/fd/*; do readlink "$each"; done >"$0"; true';
    await helper.during(() => helper.run('sh', ['-c', script, list], 'list'));
    expect(readFileSync(list, 'utf8')).toContain(`${path}\n`);
  } finally {
    shareLock(undefined);
    closeSync(lock);
  }
});

it('fails pending requests if perl is killed, and starts another for the next', async () => {
  const before = childrenOf(process.pid);
  const failure = helper.during(async () => {
    const waiting = helper.run('sleep', ['60'], 'wait').catch((error: Error) => error.message);
    await expect.poll(() => childrenOf(process.pid)).toHaveLength(before.length + 1);
    const perl = Number(childrenOf(process.pid).find((pid) => !before.includes(pid)));
    await expect.poll(() => childrenOf(perl)).toHaveLength(1);
    startedPids.push(Number(childrenOf(perl)[0]));
    process.kill(perl, 'SIGKILL');
    const said = await waiting;
    await helper.run('true', [], 'try');
    return said;
  });
  expect(await failure).toBe('cannot start programs: perl: SIGKILL');
});

it('starts perl again if the terminal ended it before it started', async () => {
  const [first, file] = [join(dir, 'first'), join(dir, 'began')];
  const script = `[ -e ${first} ] || { : >${first}; kill -INT $$; }; exec ${findProgram('perl')} "$@"`;
  writeFileSync(join(dir, 'perl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await withPath(`${dir}:${process.env.PATH}`, () =>
    helper.during(() => helper.run('sh', ['-c', 'echo once >>"$0"', file], 'write')),
  );
  expect(existsSync(first)).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('once\n');
});

it('names the package if perl is missing', async () => {
  const failure = withPath(dir, () => helper.during(() => helper.run('/bin/true', [], 'start c1')));
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toMatchObject({
    message: 'cannot start programs: perl: not installed',
    hint: expect.stringContaining('apt-get install perl'),
  });
});

async function withPath<T>(path: string, act: () => Promise<T>): Promise<T> {
  const { PATH } = process.env;
  process.env.PATH = path;
  try {
    return await act();
  } finally {
    process.env.PATH = PATH;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
