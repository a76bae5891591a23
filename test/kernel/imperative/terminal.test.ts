import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN, type PrivateHost, privateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE } from '../../support/small-image.js';

const PTY = fileURLToPath(new URL('../../support/pty.pl', import.meta.url));

/** Runs baleine on a terminal of 33 × 101; `steps` are those of pty.pl. */
async function onTerminal(steps: string[], words: string[]) {
  const baleine = [process.execPath, MAIN, '--root', host.root, ...words];
  const ran = await host.run('perl', [PTY, '33', '101', ...steps, '--', ...baleine], {
    reject: false,
  });
  return { ...ran, stdout: ran.stdout.replaceAll(/\r+\n/g, '\n') };
}

let host: PrivateHost;

/** Creates an image with busybox, and an idle container of it for each runtime. */
beforeAll(async () => {
  host = await privateHost();
  await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
  for (const runtime of usableRuntimes()) {
    const make = ['container', 'create', `by-${runtime}`, '--image', 'base', '--runtime', runtime];
    await host.baleine([...make, '--start', '--', ...IDLE]);
  }
});

afterAll(async () => {
  for (const runtime of usableRuntimes()) {
    await host.baleine(['container', 'rm', '--force', `by-${runtime}`]);
  }
  await host.baleine(['image', 'rm', 'base']);
  expect(await host.close()).toEqual([]);
});

/** `run` and `exec` of a script with these options. */
function commandsOf(runtime: string) {
  const script = (text: string) => ['busybox', 'sh', '-c', text];
  return {
    run: (options: string[], text: string) => [
      ...['run', '--runtime', runtime, ...options, 'base', '--'],
      ...script(text),
    ],
    exec: (options: string[], text: string) => [
      ...['container', 'exec', ...options, `by-${runtime}`, '--'],
      ...script(text),
    ],
  };
}

const cookedWith = (code: number, stdout: string) => ({ code, stdout, stderr: 'cooked\n' });

describe.each(usableRuntimes())('a terminal by %s', (runtime) => {
  it('has the size of ours, also when that changes, and without input', async () => {
    for (const command of Object.values(commandsOf(runtime))) {
      const steps = ['await=33 101', 'size=50,120'];
      const watch = 'busybox stty size; until busybox stty size | busybox grep 50; do :; done';
      expect(await onTerminal(steps, command(['-it'], watch))).toEqual(
        cookedWith(0, '33 101\n50 120\n'),
      );
      const ended = await onTerminal([], command(['-t'], 'busybox stty size; exit 7'));
      expect(ended).toEqual(cookedWith(7, '33 101\n'));
    }
  });

  it('passes keys as typed, and restores ours however the command ends', async () => {
    for (const command of Object.values(commandsOf(runtime))) {
      const trap =
        "trap 'echo interrupted' INT; trap 'echo quit' QUIT; echo ready; until read line; do :; done; echo got";
      const keys = ['await=ready', 'type=\\x03', 'await=interrupted', 'type=\\x1c', 'await=quit'];
      const typed = await onTerminal([...keys, 'type=\\n'], command(['-it'], trap));
      expect(typed).toMatchObject({ code: 0, stderr: 'cooked\n' });
      const raw = 'busybox stty raw -echo; echo ready; busybox head -c 3 | busybox od -An -c';
      const bytes = await onTerminal(
        ['await=ready', 'type=\\x1a\\x13\\xff'],
        command(['-it'], raw),
      );
      expect(bytes).toMatchObject({ code: 0, stderr: 'cooked\n' });
      expect(bytes.stdout).toMatch(/032 +023 +377/);
      const killed = await onTerminal([], command(['-it'], 'kill -9 $$; exit 3'));
      expect(killed).toMatchObject({ stderr: 'cooked\n' });
    }
  });

  it('accepts a paste larger than any buffer, and Ctrl-D after it', async () => {
    for (const command of Object.values(commandsOf(runtime))) {
      const count = 'busybox stty -echo; echo ready; busybox wc -c';
      const ran = await onTerminal(['await=ready', 'paste=300000'], command(['-it'], count));
      expect(ran).toEqual(cookedWith(0, `ready\n${Math.ceil(300000 / 63) * 63}\n`));
    }
  });

  it('ends with ours, and with our process', async () => {
    const { exec } = commandsOf(runtime);
    const wait = 'echo ready; busybox sleep 1234';
    const hungUp = await onTerminal(['await=ready', 'hang'], exec(['-it'], wait));
    expect(hungUp.code).toBe(129);
    const killed = await onTerminal(['await=ready', 'signal=KILL'], exec(['-it'], wait));
    expect(killed.code).toBe(137);
    await expect.poll(() => sleeping(runtime)).toBe('');
    const stopped = await onTerminal(['await=ready', 'signal=TERM'], exec(['-it'], wait));
    expect(stopped).toMatchObject({ code: 143, stderr: 'cooked\n' });
    await expect.poll(() => sleeping(runtime)).toBe('');
  });

  it('is refused if we have none to read from', async () => {
    for (const command of Object.values(commandsOf(runtime))) {
      const ran = await host.baleine(command(['-it'], 'true'), { reject: false });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/standard input/) });
      const blind = await host.baleine(command(['-t'], 'busybox tty; exit 5'), { reject: false });
      expect(blind).toEqual({ code: 5, stdout: '/dev/pts/0\r\n', stderr: '' });
    }
  });
});

describe.each(usableRuntimes())('streams by %s', (runtime) => {
  it('arrive completely and in order, even if another process holds them open', async () => {
    for (const command of Object.values(commandsOf(runtime))) {
      const flood = await host.baleine(command([], 'busybox seq 300000'));
      expect(flood.stdout.split('\n')).toHaveLength(300001);
      const input = `${'x'.repeat(99)}\n`.repeat(5000);
      const back = await host.baleine(command(['-i'], 'busybox cat; echo end'), { input });
      expect(back.stdout).toBe(`${input}end\n`);
      const held = await host.baleine(command([], 'busybox sleep 1000 & echo over'));
      expect(held.stdout).toBe('over\n');
      const order = 'for i in 1 2 3; do echo out $i; echo err $i >&2; done';
      const line = [process.execPath, MAIN, '--root', host.root, ...command([], order)];
      const both = await host.run('sh', ['-c', '"$@" 2>&1', 'sh', ...line]);
      expect(both.stdout).toBe('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
    }
  });

  it('are pipes, never a file or a terminal of ours', async () => {
    const file = join(host.dir, 'kept');
    const attack = 'echo said; echo lost >/proc/self/fd/1; : >/proc/self/fd/0; exit 0';
    for (const command of Object.values(commandsOf(runtime))) {
      await host.run('sh', ['-c', 'echo before >"$0"', file]);
      const line = [process.execPath, MAIN, '--root', host.root, ...command(['-i'], attack)];
      await host.run('sh', ['-c', 'f=$0; "$@" <"$f" >>"$f"', file, ...line]);
      expect((await host.run('cat', [file])).stdout).toBe('before\nsaid\nlost\n');
      const seen = await onTerminal([], command([], 'busybox tty <&1; exit 0'));
      expect(seen).toEqual(cookedWith(0, 'not a tty\n'));
    }
  });

  it('end the command when nobody reads; it gets our signals', async () => {
    const { exec } = commandsOf(runtime);
    const line = [process.execPath, MAIN, '--root', host.root];
    await host.run('sh', ['-c', '"$@" | head -n 1', 'sh', ...line, ...exec([], 'busybox yes')]);
    const trap = "trap 'echo heard; exit 9' USR1; echo ready; while :; do busybox sleep 0.1; done";
    const child = spawn(
      'nsenter',
      [`--target=${host.pid}`, '--mount', '--net', '--', ...line, ...exec([], trap)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
      if (output === 'ready\n') child.kill('SIGUSR1');
    });
    expect(await once(child, 'close')).toEqual([9, null]);
    expect(output).toBe('ready\nheard\n');
  });
});

/** The command's processes that still run in the container. */
async function sleeping(runtime: string): Promise<string> {
  await sleep(200);
  const { stdout } = await host.baleine(['container', 'top', `by-${runtime}`]);
  return stdout
    .split('\n')
    .filter((line) => line.includes('1234'))
    .join('\n');
}
