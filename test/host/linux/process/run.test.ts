import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run, runConcurrently, runSync } from '../../../../src/host/linux/process/run.js';
import { UserError } from '../../../../src/model/errors.js';

const node = process.execPath;
const all = [
  ['run', run],
  ['runBeside', runConcurrently],
  ['runSync', async (...args: Parameters<typeof runSync>) => runSync(...args)],
] as const;

describe.each(all)('%s', (_name, start) => {
  it('passes arguments as they are, input, environment and folder', async () => {
    const script =
      'console.log(JSON.stringify([process.argv.slice(1), process.env.LC_ALL, process.env.A, process.cwd()])); process.stdin.pipe(process.stdout)';
    const result = await start(node, ['-e', script, '--', 'a b', '$HOME;`id`', ''], {
      input: 'text',
      env: { A: '1', LC_ALL: 'de_DE' },
      cwd: '/proc',
    });
    const [line, rest] = result.stdout.split('\n');
    expect(JSON.parse(line ?? '')).toEqual([['a b', '$HOME;`id`', ''], 'C', '1', '/proc']);
    expect(rest).toBe('text');
    expect(result.code).toBe(0);
  });

  it('gives a program that reads input an end of file', async () => {
    expect(await start('cat', [])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('names the package of a missing program', async () => {
    const failure = start('mkfs.ext4', [], { env: { PATH: '/nonexistent' } });
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toMatchObject({
      message: 'cannot run mkfs.ext4: not installed',
      hint: expect.stringContaining('e2fsprogs'),
    });
  });

  it('finds programs outside cron’s PATH', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/usr/bin:/bin';
    try {
      expect((await start('mkfs.ext4', ['-V'])).stderr).toContain('mke2fs');
    } finally {
      process.env.PATH = path;
    }
  });

  it('distinguishes a missing folder from a missing program', async () => {
    await expect(start('true', [], { cwd: '/nonexistent' })).rejects.toThrow(
      'cannot run true: no folder /nonexistent',
    );
  });

  it('quotes the end of its errors', async () => {
    const script = 'for (let i = 1; i < 8; i++) console.error("line " + i); process.exit(3)';
    await expect(start(node, ['-e', script], { purpose: 'do it' })).rejects.toThrow(
      `cannot do it: ${node}: line 4; line 5; line 6; line 7`,
    );
    expect(await start(node, ['-e', script], { reject: false })).toMatchObject({ code: 3 });
  });

  it('rejects on a timeout and on a signal, wanted or not', async () => {
    await expect(start('sleep', ['5'], { timeout: 50, reject: false })).rejects.toThrow(
      /^cannot run sleep: (no end after 50 ms|SIGTERM|ETIMEDOUT)/,
    );
    const suicide = start(node, ['-e', 'process.kill(process.pid, "SIGKILL")'], { reject: false });
    await expect(suicide).rejects.toThrow('SIGKILL');
  });
});

it.each(all)('%s runs in its own session, out of reach of Ctrl-C', async (_name, start) => {
  const { stdout } = await start('sh', ['-c', 'echo $$ $(cut -d " " -f 6 /proc/$$/stat)']);
  const [pid, session] = stdout.split(' ');
  expect(session).toBe(pid);
});

/** Whether a process with this command line is running. Excludes zombies, which have none. */
function isRunning(command: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((name) => commandOf(name).replaceAll('\0', ' ').trim() === command);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** A number of seconds that no other test uses for `sleep`. */
const unique = () => `${1000 + (process.pid % 1000)}.${process.hrtime.bigint() % 1_000_000_000n}`;

describe('a program that does not end by itself', () => {
  it.each([
    ['a child of its group', (time: string) => `sleep ${time} & wait`],
    ['a child in its own session', (time: string) => `setsid sleep ${time} & wait`],
    [
      'a grandchild in its own session',
      (time: string) => `setsid sh -c 'sleep ${time} & wait' & wait`,
    ],
    ['a process that ignores SIGTERM', (time: string) => `trap '' TERM; sleep ${time}`],
  ])('is ended with %s', async (_what, script) => {
    const time = unique();
    const ended = run('sh', ['-c', script(time)], { timeout: 500 });
    await expect.poll(() => isRunning(`sleep ${time}`)).toBe(true);
    await expect(ended).rejects.toThrow('cannot run sh: no end after 500 ms');
    await expect.poll(() => isRunning(`sleep ${time}`)).toBe(false);
  });

  it('is ended if it makes no progress', async () => {
    const stall = { within: 100, least: 10, bytes: () => 5 };
    await expect(run('sleep', ['60'], { stall, shown: 'fetch' })).rejects.toThrow(
      'cannot run fetch: less than 10 bytes in 0.1s',
    );
  });
});

describe('a program that has ended', () => {
  it.each([
    ['has its output', 'echo out; sleep TIME & exit 3', {}],
    ['has the end of it', 'echo out; sleep TIME & exit 3', { tail: true }],
    ['has its input', 'cat; setsid sleep TIME & exit 3', { input: 'out\n' }],
  ])('is not waited for while another process %s open', async (_what, script, options) => {
    const time = unique();
    try {
      const ran = await run('sh', ['-c', script.replace('TIME', time)], {
        ...options,
        reject: false,
      });
      expect(ran).toEqual({ code: 3, stdout: 'out', stderr: '' });
    } finally {
      execFileSync('pkill', ['--full', '--exact', `sleep ${time}`]);
    }
  });

  it('is read to its last byte', async () => {
    // a pipe holds 64 KiB
    const { stdout } = await run('sh', ['-c', 'head -c 65536 /dev/zero | tr "\\0" x']);
    expect(stdout).toBe('x'.repeat(65_536));
  });
});

describe('output', () => {
  const flood = (bytes: number) => [
    '-c',
    `echo first; head -c ${bytes} /dev/zero | tr '\\0' x; echo last`,
  ];

  it('of foreign code is kept by its end, as bytes', async () => {
    const { code, stdout, stderr } = await run(
      'sh',
      [
        '-c',
        `printf 'é%.0s' $(seq 50000) >&2; printf '\\377.\\n' >&2; exec sh "$@"`,
        'sh',
        ...flood(5e6),
      ],
      { tail: true },
    );
    expect(code).toBe(0);
    expect(stdout).toBe(`${'x'.repeat(64 * 1024 - 5)}last`);
    // the first character is cut in two
    expect(stderr).toMatch(/^\ufffdé+\ufffd\.$/);
  });

  it('to be parsed has a limit', async () => {
    expect((await run('sh', flood(1000), { maxOutput: 2000 })).stdout).toHaveLength(1010);
    await expect(run('sh', flood(1e9), { maxOutput: 2000, reject: false })).rejects.toThrow(
      'cannot run sh: more than 2000 bytes of output',
    );
    expect(() => runSync('sh', flood(1e7), { maxOutput: 2000 })).toThrow('more than 2000 bytes');
  });

  it('without an end takes no memory', async () => {
    const before = process.memoryUsage.rss();
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 20);
    const streams = 'cat /dev/zero >&2 & exec cat /dev/zero';
    await expect(run('sh', ['-c', streams], { tail: true, timeout: 2000 })).rejects.toThrow(
      'no end',
    );
    clearInterval(timer);
    expect(most - before).toBeLessThan(100 * 2 ** 20);
  });
});

describe('the environment', () => {
  const OURS = {
    NOTIFY_SOCKET: '/x',
    LISTEN_FDS: '2',
    LD_PRELOAD: '',
    NODE_OPTIONS: '',
    SECRET: 's',
  };
  const PASSED = { HOME: '/h', https_proxy: 'p', REGISTRY_AUTH_FILE: '/a', LC_ALL: 'C' };

  it.each(all)('of %s has what programs need, and nothing else', async (_name, start) => {
    const before = { ...process.env };
    Object.assign(process.env, OURS, PASSED, { LC_ALL: 'de_DE.UTF-8' });
    try {
      const { stdout } = await start('env', [], { env: { OWN: '1' } });
      const seen = Object.fromEntries(stdout.split('\n').map((line) => line.split('=')));
      expect(seen).toMatchObject({ ...PASSED, OWN: '1' });
      for (const name of Object.keys(OURS)) expect(seen).not.toHaveProperty(name);
    } finally {
      for (const name of Object.keys(process.env)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});
