import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linuxCgroups } from '../../../src/host/linux/cgroups/index.js';
import type { ExecOptions } from '../../../src/host/linux/runtime/exec.js';
import { linuxRuntime } from '../../../src/host/linux/runtime/index.js';
import { readLog } from '../../../src/host/linux/runtime/logs.js';
import { bundleDir, type InstallPaths } from '../../../src/model/install-paths.js';
import { busyboxImage, dismantle, prepare, specOf, temporaryInstallation } from './machinery.js';

let paths: InstallPaths;
let remove: () => void;
let caller: string;

beforeAll(async () => {
  ({ paths, remove } = temporaryInstallation());
  await busyboxImage(join(paths.root, 'busybox.img'));
  const outfile = join(paths.root, 'exec.mjs');
  await build({
    entryPoints: ['src/host/linux/runtime/exec.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    loader: { '.pl': 'text', '.sh': 'text' },
    logLevel: 'error',
  });
  caller = join(paths.root, 'caller.mjs');
  writeFileSync(
    caller,
    `import { execInteractive } from './exec.mjs';
     const [site, id, options] = process.argv.slice(2);
     execInteractive(JSON.parse(site), id, JSON.parse(options)).then(
       (code) => { process.exitCode = code; },
       (error) => { console.error(error.message); process.exitCode = 99; },
     );`,
  );
});
afterAll(() => remove());

async function running(script: string, test: (id: string) => void | Promise<void>) {
  const runtime = linuxRuntime(paths, linuxCgroups());
  const wanted = specOf(paths, 'x', script);
  await prepare(paths, wanted);
  const started = await runtime.start(wanted);
  try {
    await test(wanted.id);
    expect(
      readdirSync(bundleDir(paths, wanted.id)).filter((name) => name.startsWith('exec')),
    ).toEqual([]);
  } finally {
    await runtime.stop(wanted.id, started, { signal: 'SIGKILL', grace: 1000 });
    await dismantle(paths, wanted);
  }
}

const words = (id: string, options: ExecOptions) => [
  caller,
  JSON.stringify(paths),
  id,
  JSON.stringify(options),
];

function exec(id: string, options: ExecOptions, input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, words(id, options), {
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const sh = (script: string) => ['/bin/sh', '-c', script];

describe('execInteractive', () => {
  it('passes streams and the exit code on', () =>
    running('sleep 100', (id) => {
      expect(exec(id, { args: sh('echo out; echo err >&2; exit 7') })).toEqual({
        status: 7,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect(exec(id, { args: ['/bin/cat'], interactive: true }, 'typed')).toMatchObject({
        status: 0,
        stdout: 'typed',
      });
      expect(exec(id, { args: ['/bin/cat'] }, 'typed')).toMatchObject({ status: 0, stdout: '' });
      expect(exec(id, { args: sh('kill -9 $$') }).status).toBe(137);
      expect(exec(id, { args: ['/no/such'] }).status).not.toBe(0);
    }));

  it('accepts user, folder and variables', () =>
    running('sleep 100', (id) => {
      const options = {
        args: sh('id -u; id -G; pwd; echo $A $HOME'),
        user: 'web',
        working_dir: '/tmp',
        environment: ['A=b c'],
      };
      expect(exec(id, options).stdout).toBe('1000\n1001 1002\n/tmp\nb c /srv\n');
      expect(exec(id, { args: sh('true'), working_dir: '/proc/self/fd/9' })).toMatchObject({
        status: 99,
        stderr: expect.stringMatching(/leads to/),
      });
      expect(exec(id, { args: sh('true'), user: 'nobody' })).toMatchObject({ status: 99 });
    }));

  it('confines commands of another user as well', () =>
    running('sleep 100', (id) => {
      const status = exec(id, {
        args: sh('grep -E "^(NoNewPrivs|Seccomp|CapBnd):" /proc/self/status; unshare -U true'),
        user: '1000',
      });
      expect(status.stdout.split(/\s+/).slice(0, 6)).toEqual([
        'CapBnd:',
        '00000000800405fb',
        'NoNewPrivs:',
        '1',
        'Seccomp:',
        '2',
      ]);
      expect(status.stderr).toMatch(/not permitted/);
    }));

  it('provides a terminal, and refuses if the caller has none', () =>
    running('sleep 100', (id) => {
      const options = {
        args: sh('test -t 0 && test -t 1 && echo terminal $TERM; read line; echo got $line'),
        interactive: true,
        tty: true,
      };
      expect(exec(id, options)).toMatchObject({
        status: 99,
        stderr: expect.stringMatching(/terminal/),
      });
      const command = [process.execPath, ...words(id, options)]
        .map((word) => `'${word}'`)
        .join(' ');
      const seen = execFileSync(
        'script',
        ['--quiet', '--return', '--command', command, '/dev/null'],
        {
          input: 'hello\n',
          encoding: 'utf8',
          env: { ...process.env, TERM: 'vt100' },
        },
      );
      expect(seen).toMatch(/terminal vt100\r\n/);
      expect(seen).toMatch(/got hello\r\n/);
    }));

  it('removes command descriptions left by killed runs', () =>
    running('exec sleep 600', (id) => {
      for (const name of ['exec-4194305-77-a.json', 'exec-4194305-77-a.json.pid']) {
        writeFileSync(join(bundleDir(paths, id), name), '');
      }
      const ended = spawnSync(process.execPath, words(id, { args: ['true'] }));
      expect(ended.status).toBe(0);
    }));

  it('reports a container that is not running', async () => {
    expect(exec('test.none', { args: ['/bin/true'] })).toMatchObject({
      status: 99,
      stderr: expect.stringMatching(/it is not running/),
    });
  });
});

describe('readLog', () => {
  it('follows a real container to its end, with lines longer than conmon’s buffer', () =>
    running(
      'seq 1 3; sleep 0.3; echo err >&2; i=0; while [ $i -lt 2000 ]; do echo -n 0123456789; i=$((i+1)); done; echo; echo -n end',
      async (id) => {
        const said = { stdout: '', stderr: '' };
        for await (const parts of readLog(paths, id, { follow: true })) {
          for (const { stream, bytes, isEnd } of parts) said[stream] += bytes + (isEnd ? '\n' : '');
        }
        expect(said).toEqual({
          stdout: `1\n2\n3\n${'0123456789'.repeat(2000)}\nend\n`,
          stderr: 'err\n',
        });
      },
    ));
});
