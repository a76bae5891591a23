import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';

const create = (host: PrivateHost) =>
  host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);

it(
  'runs a one-off container with our streams and returns its exit code',
  inPrivateHost(async (host) => {
    await create(host);
    await host.baleine(['network', 'create', 'front', '--subnet', '10.77.1.0/24']);
    const line = 'busybox cat; echo "$MODE" >&2; busybox ip -o -4 addr show eth0; exit 7';
    const ran = await host.baleine(
      ['run', '-i', '-e', 'MODE=once', '--bridge', 'front', 'base', 'busybox', 'sh', '-c', line],
      { input: 'from outside\n', reject: false },
    );
    expect(ran).toMatchObject({ code: 7, stderr: 'once\n' });
    expect(ran.stdout).toMatch(/^from outside\n.*10\.77\.1\.1\/24/);
    expect((await host.baleine(['container', 'list', '-a', '-q'])).stdout).toBe('');
    await host.baleine(['network', 'rm', 'front']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'gives it a terminal if there is one',
  inPrivateHost(async (host) => {
    await create(host);
    const line = `${process.execPath} ${MAIN} --root ${host.root} run -it base busybox sh -c "busybox tty; exit 3"`;
    const ran = await host.run('script', ['-qec', line, '/dev/null'], { reject: false });
    expect(ran.stdout).toContain('/dev/pts/0');
    expect(ran.code).toBe(3);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'ends with Docker’s exit codes when the command is missing or cannot be run',
  inPrivateHost(async (host) => {
    await create(host);
    const codeOf = async (...words: string[]) =>
      (await host.baleine(words, { reject: false })).code;
    expect(await codeOf('run', 'base', 'gone')).toBe(127);
    expect(await codeOf('run', 'base', '/etc/passwd')).toBe(126);
    expect(await codeOf('run', 'base', 'busybox', 'sh', '-c', 'exit 255')).toBe(255);
    const make = ['container', 'create', 'one', '--image', 'base', '--start', '--'];
    await host.baleine([...make, ...IDLE]);
    const exec = (...words: string[]) => codeOf('container', 'exec', 'one', ...words);
    expect(await exec('gone')).toBe(127);
    expect(await exec('/bin/gone')).toBe(127);
    expect(await exec('/etc/passwd')).toBe(126);
    expect(await exec('/bin')).toBe(126);
    expect(await exec('busybox', 'sh', '-c', 'exit 255')).toBe(255);
    expect(await exec('busybox', 'sh', '-c', 'kill -9 $$')).toBe(137);
    await host.baleine(['container', 'rm', '--force', 'one']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'recognizes imports by their content, and runs its own exports',
  inPrivateHost(async (host) => {
    await create(host);
    for (const format of ['docker', 'oci', 'tar']) {
      const file = join(host.dir, `${format}-image.tar`);
      await host.baleine(['image', 'export', 'base', file, '--format', format]);
      await host.baleine(['image', 'import', file, '--size', '16M']);
      const name = `${format}-image`;
      const [seen] = JSON.parse((await host.baleine(['image', 'inspect', name])).stdout);
      expect(Object.keys(seen.from)).toEqual([format]);
      const ran = await host.baleine(['run', name, 'busybox', 'echo', format]);
      expect(ran.stdout).toBe(`${format}\n`);
    }
    await host.baleine(['image', 'prune', '-y']);
  }),
);

/** Starts `run`; resolves when it has ended. */
const background = (host: PrivateHost, ...words: string[]) =>
  host.baleine(['run', ...words], { reject: false });

async function listed(host: PrivateHost): Promise<{ name: string; status: string }[]> {
  const { stdout } = await host.baleine(['ps', '--stack', '-', '--json']);
  return JSON.parse(stdout);
}

const UNTIL_FILE = 'until [ -e /go ]; do busybox sleep 0.1; done; echo finished';

/** Waits until `run --name job` is running. */
const jobRuns = (host: PrivateHost) =>
  expect
    .poll(() => listed(host), { timeout: 20_000 })
    .toContainEqual(expect.objectContaining({ name: 'job', status: 'running' }));

it(
  'is reported and left alone while it runs, and can be stopped and removed by another command',
  inPrivateHost(async (host) => {
    await create(host);
    const ran = background(host, '--name', 'job', 'base', 'busybox', 'sh', '-c', UNTIL_FILE);
    await expect
      .poll(() => listed(host), { timeout: 20_000 })
      .toEqual([
        expect.objectContaining({ name: 'job', status: 'running', pid: expect.any(Number) }),
      ]);
    const plan = await host.baleine(['apply', '--stack', '-', '-y']);
    expect(plan.stdout).toContain('container.job is a one-off container of baleine run, process ');
    for (const words of [
      ['start', 'job'],
      ['restart', 'job'],
      ['rename', 'job', 'other'],
    ]) {
      const refused = await host.baleine(['container', ...words], { reject: false });
      expect({ words, code: refused.code }).toEqual({ words, code: 1 });
      expect(refused.stderr).toContain('it is a one-off container of baleine run');
    }
    const exec = ['exec', '--stack', '-', 'job', 'busybox', 'touch', '/go'];
    expect((await host.baleine(exec)).code).toBe(0);
    expect(await ran).toMatchObject({ code: 0, stdout: 'finished\n' });
    expect(await listed(host)).toEqual([]);

    for (const words of [
      ['stop', '-t', '0s', 'job'],
      ['rm', '--force', 'job'],
    ]) {
      const long = background(host, '--name', 'job', 'base', 'busybox', 'sleep', '1000');
      await expect
        .poll(() => listed(host), { timeout: 20_000 })
        .toEqual([expect.objectContaining({ status: 'running' })]);
      await host.baleine(['container', ...words]);
      expect(await long).toMatchObject({ code: 137 });
      expect(await listed(host)).toEqual([]);
    }
    await host.baleine(['image', 'rm', 'base']);
  }),
);

// concurrently: some wait for a grace period of 10 s
it.concurrent.each([
  ['TERM', ['base', 'busybox', 'sleep', '1000'], 137],
  ['INT', ['base', 'busybox', 'sleep', '1000'], 137],
  [
    'TERM',
    ['base', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; while :; do busybox sleep 0.1; done'],
    3,
  ],
] as const)('ends at SIG%s, even if its first process ignores it', async (signal, words, code) => {
  await inPrivateHost(async (host) => {
    await create(host);
    const run = [process.execPath, MAIN, '--root', host.root, 'run'];
    const line = `timeout -s ${signal} -k 60 4 "$@"; echo "code $?"`;
    // concurrently: each has a grace period of 10 s
    const limited = host.run('sh', ['-c', line, 'sh', ...run, ...words]);
    const signaled = host.run(
      'sh',
      ['-c', signalOnFile(signal), 'sh', ...run, '--name', 'job', ...words],
      { reject: false },
    );
    await jobRuns(host);
    writeFileSync(join(host.dir, 'go'), '');
    expect((await limited).stdout).toContain('code 124');
    expect((await signaled).code).toBe(code);
    expect(await listed(host)).toEqual([]);
    await host.baleine(['image', 'rm', 'base']);
  })();
});

/** Runs its arguments, signals them once the file `go` exists, and ends with their exit code. */
const signalOnFile = (signal: string) =>
  `"$@" & run=$!; until [ -e go ]; do sleep 0.1; done; kill -${signal} $run; wait $run`;

it(
  'is removed by the next run, apply or repair after its run was killed',
  inPrivateHost(async (host) => {
    await create(host);
    const file = join(host.dir, 'baleine.yaml');
    writeFileSync(
      file,
      'name: other\nimages: { base: { external: true } }\ncontainers: { c: { image: base, command: [busybox, sleep, "1000"], stop_signal: SIGKILL } }\n',
    );
    await host.baleine(['-f', file, 'apply', '-y']);
    const nexts = [
      ['run', 'base', 'busybox', 'true'],
      ['-f', file, 'apply', '-y', '--quiet'],
      ['state', 'repair', '-y'],
    ];
    for (const next of nexts) {
      const run = [process.execPath, MAIN, '--root', host.root, 'run', '--name', 'job', 'base'];
      const killed = host.run(
        'sh',
        [
          '-c',
          `exec >/dev/null 2>&1; ${signalOnFile('KILL')}`,
          'sh',
          ...run,
          'busybox',
          'sleep',
          '1000',
        ],
        { reject: false },
      );
      await jobRuns(host);
      writeFileSync(join(host.dir, 'go'), '');
      expect((await killed).code).toBe(137);
      rmSync(join(host.dir, 'go'));
      expect(await listed(host)).toHaveLength(1);
      await host.baleine(next);
      expect({ next, left: await listed(host) }).toEqual({ next, left: [] });
    }
    await host.baleine(['-f', file, 'destroy', '-y']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);
