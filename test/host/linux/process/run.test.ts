import { describe, expect, it } from 'vitest';
import { run, runBeside, runSync } from '../../../../src/host/linux/process/run.js';
import { UserError } from '../../../../src/model/errors.js';

const node = process.execPath;
const all = [
  ['run', run],
  ['runBeside', runBeside],
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

  it('ends at once for a program that reads input when there is none', async () => {
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

  it('finds what cron does not', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/usr/bin:/bin';
    try {
      expect((await start('mkfs.ext4', ['-V'])).stderr).toContain('mke2fs');
    } finally {
      process.env.PATH = path;
    }
  });

  it('tells a missing folder from a missing program', async () => {
    await expect(start('true', [], { cwd: '/nonexistent' })).rejects.toThrow(
      'cannot run true: no folder /nonexistent',
    );
  });

  it('says what failed by the end of its errors', async () => {
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

it.each(all)('%s gives a session of its own, out of reach of Ctrl-C', async (_name, start) => {
  const { stdout } = await start('sh', ['-c', 'echo $$ $(cut -d " " -f 6 /proc/$$/stat)']);
  const [pid, session] = stdout.split(' ');
  expect(session).toBe(pid);
});
