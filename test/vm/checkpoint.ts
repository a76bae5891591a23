import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { baleine, cgroupFile, done, inside, killed, NOTHING, shell } from './driver.js';

const NAME = 'counter';
const ROOT = '/var/lib/baleine';
const SAVED = join(ROOT, 'checkpoints', `vm.${NAME}`);
const EXPORTED = '/root/counter.tar.zst';

/**
 * Counts in its memory, into an open file and to its log; a second process listens and answers with the
 * last number. A deleted file is open, too.
 */
const COUNT = [
  'echo kept >/gone; exec 3>/count 4</gone; busybox rm /gone',
  'busybox nc -ll -p 8080 -e busybox tail -n 1 /count &',
  'i=0; while :; do i=$((i+1)); echo $i >&3; echo $i; busybox usleep 200000; done',
].join('\n');

/** The container of these checks, on the bridge `front`. */
export const COUNTER = {
  image: 'box',
  runtime: 'runc',
  command: ['busybox', 'sh', '-c', COUNT],
  bridges: { front: { address: '10.79.1.3' } },
  limits: { memory: '64M' },
  stop_signal: 'SIGKILL',
};

const verb = (...words: string[]) => ['container', ...words, '--stack', 'vm', NAME];
const listed = () =>
  JSON.parse(done('ps', '--json')).find((each: { name: string }) => each.name === NAME);
const numbers = (text: string) => text.trim().split('\n').map(Number);
const counted = () => numbers(inside(NAME, 'busybox cat /count').stdout);
const answer = () => Number(shell('busybox', 'nc', '-w', '10', '10.79.1.3', '8080'));
const until = async (what: () => boolean | Promise<boolean>) => {
  for (let look = 0; look < 100 && !(await what()); look++) await sleep(200);
};

/** Of the process: what the runtime has restricted. */
function isolation(): string[] {
  const pid = cgroupFile(NAME, 'cgroup.procs').split('\n')[0];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
  const masks = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
  return [
    ...status.filter((line) => /^(Cap|Seccomp:|NoNewPrivs|Uid|Gid|Groups)/.test(line)),
    ...masks.map((line) => line.split(' ')[4] ?? '').sort(),
    inside(NAME, 'busybox cat /proc/self/cgroup; busybox hostname -i').stdout,
    cgroupFile(NAME, 'memory.max'),
  ];
}

/** The host’s: a restored container has it over files of /proc. */
const hostsNull = () => shell('busybox', 'stat', '-c', '%a %u', '/dev/null');

/** It counts on without a gap, at least by three, and its socket answers. */
async function goesOn(after: number): Promise<void> {
  await until(() => (counted().at(-1) ?? 0) >= after + 3);
  const found = counted();
  assert.deepEqual(
    found,
    found.map((_, index) => index + 1),
  );
  assert.ok(found.length >= after + 3, `${found.length} after ${after}`);
  assert.ok(answer() >= found.length);
  assert.equal(inside(NAME, 'busybox cat /proc/1/fd/4').stdout, 'kept\n');
}

const none = (runtime: string) =>
  `cannot checkpoint container ${runtime}-box: runtime ${runtime} is built without checkpoints`;

/** Debian’s crun is built without CRIU. */
export function refusedByCrun(): void {
  const { code, stderr } = baleine('container', 'checkpoint', '--stack', 'vm', 'crun-box');
  assert.equal(code, 1);
  assert.ok(stderr.includes(none('crun')), stderr);
  assert.match(done('doctor'), /ok +checkpoints +of containers with runc/);
}

export async function saved(): Promise<void> {
  await until(() => (counted().at(-1) ?? 0) >= 3);
  const [before, host] = [isolation(), hostsNull()];
  done(...verb('checkpoint'));
  const { status, checkpoint } = listed();
  assert.equal(status, 'stopped');
  assert.ok(checkpoint.size > 0);
  assert.equal(shell('busybox', 'stat', '-c', '%a', SAVED, join(SAVED, '..')), '700\n700\n');
  done('apply', '-y');
  assert.equal(done('plan'), NOTHING);
  assert.equal(listed().status, 'stopped');
  const last = numbers(done('logs', NAME, '--tail', '1'))[0] ?? 0;
  // a start is a new life on the same disk, and keeps the checkpoint
  done('start', NAME);
  inside(NAME, 'echo >/later');
  // an end by itself leaves more behind than a stop
  done('kill', NAME);
  await until(() => listed().status !== 'running');
  assert.deepEqual(listed().checkpoint, checkpoint);
  done(...verb('restore'));
  await goesOn(last);
  assert.equal(inside(NAME, 'busybox ls /later').code, 1);
  assert.deepEqual(isolation(), before);
  assert.equal(hostsNull(), host);
  assert.equal(done('plan'), NOTHING);
}

export async function exported(): Promise<void> {
  const before = counted().length;
  const { stderr } = baleine(...verb('checkpoint', '--leave-running', '--export', EXPORTED));
  assert.match(stderr, /has all memory of container counter/);
  assert.equal(shell('busybox', 'stat', '-c', '%a', EXPORTED), '600\n');
  await goesOn(before);
  assert.equal(done('plan'), NOTHING);
  done('stop', NAME);
  done('container', 'checkpoints', 'rm', '--stack', 'vm', NAME);
  assert.equal(existsSync(SAVED), false);
  shell('cp', EXPORTED, '/root/damaged');
  truncateSync('/root/damaged', 500_000);
  assert.equal(baleine(...verb('restore', '--import', '/root/damaged')).code, 1);
  assert.equal(existsSync(SAVED), false);
  assert.equal(listed().status, 'stopped');
  done(...verb('restore', '--import', EXPORTED));
  await goesOn(before);
  assert.equal(done('plan'), NOTHING);
}

/** What CRIU refuses changes nothing: not the disk, not the state. */
export function failing(): void {
  done('stop', NAME);
  shell('busybox', 'sh', '-c', `mv ${SAVED}/*/criu/pages-1.img /root/pages`);
  const { code, stderr } = baleine(...verb('restore'));
  assert.equal(code, 1);
  assert.match(stderr, /container\.counter: cannot restore vm\.counter: .*Restoring FAILED/);
  assert.equal(listed().status, 'stopped');
  assert.equal(done('plan'), NOTHING);
  assert.deepEqual(leftOver(), []);
  shell('busybox', 'sh', '-c', `mv /root/pages "$(echo ${SAVED}/*/criu)/pages-1.img"`);
}

const leftOver = () => [
  ...readdirSync(SAVED).filter((name) => name.startsWith('.')),
  ...readdirSync(join(ROOT, 'disks')).filter((name) => /restored|part/.test(name)),
  ...(existsSync(join('/run/baleine', 'checkpoints')) ? ['notes'] : []),
];

/** Milliseconds after which a run is killed; the machine takes seconds for each of its parts. */
const MOMENTS = [3000, 6000, 12_000];

/** The next run waits for what a killed one has left at work, and says so after 10 s. */
function cleanedUp(): void {
  let result = baleine('apply', '-y');
  while (result.code === 75) result = baleine('apply', '-y');
  assert.equal(result.code, 0, result.stderr);
}

export async function cutOff(): Promise<void> {
  for (const moment of MOMENTS) {
    await killed(moment, ...verb('restore'));
    cleanedUp();
    assert.deepEqual(leftOver(), [], `restore, killed after ${moment} ms`);
    assert.equal(done('plan'), NOTHING);
    if (listed().status === 'running') done('stop', NAME);
  }
  done(...verb('restore'));
  for (const moment of MOMENTS) {
    const before = counted().length;
    await killed(moment, ...verb('checkpoint', '--leave-running'));
    cleanedUp();
    assert.equal(listed().status, 'running');
    assert.deepEqual(leftOver(), [], `checkpoint, killed after ${moment} ms`);
    assert.equal(readdirSync(SAVED).length, 1);
    await goesOn(before);
  }
  done(...verb('checkpoint'));
}

/** In the next boot. */
export async function rebooted(): Promise<void> {
  assert.equal(listed().status, 'stopped');
  done(...verb('restore'));
  await goesOn(5);
  assert.equal(done('plan'), NOTHING);
  done('container', 'checkpoints', 'rm', '--stack', 'vm', NAME);
}
