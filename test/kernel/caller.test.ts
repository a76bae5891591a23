import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, MAIN } from '../support/private-host.js';
import { usableRuntimes } from '../support/runtimes.js';
import { SMALL_IMAGE } from '../support/small-image.js';
import { Stack } from './stack/stack.js';

/** Changes every inherited process attribute that root may change, then executes a program. */
const CHANGE = `
import ctypes, os, resource, signal, sys
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.umask(0o077)
cpus = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, cpus[:1])
os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
os.nice(15)
for name, value in {'coredump_filter': '0x7f', 'oom_score_adj': '500', 'timerslack_ns': '100000'}.items():
    with open('/proc/self/' + name, 'w') as file: file.write(value)
for name, value in {'FSIZE': 2**33, 'NPROC': 5000, 'STACK': 2**20, 'DATA': 2**35, 'SIGPENDING': 100,
                    'MSGQUEUE': 1000, 'CPU': 5000, 'NOFILE': 300}.items():
    which = getattr(resource, 'RLIMIT_' + name)
    resource.setrlimit(which, (value, resource.getrlimit(which)[1]))
ctypes.CDLL(None).personality(0x0040000) # ADDR_NO_RANDOMIZE
os.environ.update(NOTIFY_SOCKET='/run/notify', LISTEN_FDS='2', LISTEN_PID=str(os.getpid()), SECRET='s')
os.execvp(sys.argv[1], sys.argv[1:])
`;

const FILES = ['coredump_filter', 'limits', 'oom_score_adj', 'personality', 'timerslack_ns'];
const STATUS = /^(Umask|Sig(Blk|Ign)|Cpus_allowed_list|NoNewPrivs|Cap\w+):.*$/gm;

/** Everything that a process may inherit from its caller. */
function inherited(pid: number) {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  const stat = read('stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    ...Object.fromEntries(FILES.map((name) => [name, read(name)])),
    status: read('status').match(STATUS),
    environment: read('environ').split('\0').sort(),
    // fields 18, 19, 40 and 41 of proc_pid_stat(5)
    scheduling: [15, 16, 37, 38].map((index) => fields[index]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

const silent = { code: 0, stdout: '', stderr: '' };

describe.each(usableRuntimes())('a container of %s', (runtime) => {
  it(
    'is the same, no matter who started it',
    inPrivateHost(async (host) => {
      const box = {
        image: 'box',
        runtime,
        command: ['busybox', 'sleep', '1000'],
        stop_signal: 'SIGKILL',
        user: '1000:1000',
        dns: ['10.77.9.9'],
        volumes: ['data:/srv/new/data'],
      };
      const stack = new Stack(host, {
        name: 'c',
        images: { box: SMALL_IMAGE },
        volumes: { data: {} },
        containers: { a: box, b: box },
      });
      await stack.apply('--target', 'container.a');
      const change = join(host.dir, 'change.py');
      writeFileSync(change, CHANGE);
      const words = [process.execPath, MAIN, '--root', host.root, '-f', stack.file, 'apply', '-y'];
      const ioClass = ['ionice', '--class', 'idle'];
      await host.run('setsid', [...ioClass, 'python3', change, ...words]);

      const [a = 0, b = 0] = ['c.a', 'c.b'].map((id) => stack.pids(id)[0]);
      const [first, second] = [inherited(a), inherited(b)];
      expect(first.environment).not.toContain('SECRET=s');
      const own = first.environment.map((each) => (each === 'HOSTNAME=a' ? 'HOSTNAME=b' : each));
      expect(second).toEqual({ ...first, environment: own });
      expect(first.status).toEqual(
        expect.arrayContaining(['Umask:\t0022', expect.stringMatching(/^SigIgn:\t0+$/)]),
      );
      const priorities = await host.run('ionice', ['-p', String(a), String(b)]);
      expect(new Set(priorities.stdout.trim().split('\n')).size).toBe(1);

      // every user in the container may read our files and folders
      for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/hostname']) {
        expect((await stack.done('exec', 'b', '--', 'busybox', 'cat', file)) !== '').toBe(true);
      }
      await stack.done('exec', 'b', '--', 'busybox', 'ls', '/srv/new/data');
      // on the host, only root may enter our folder
      expect(statSync(host.root).mode & 0o077).toBe(0);
      await stack.destroy('--volumes');
    }),
  );

  it(
    'has no processes left of a health check that started others',
    inPrivateHost(async (host) => {
      const marks = ['771', '772', '773', '774'];
      const [child, session, daemon, quick] = marks.map((seconds) => `busybox sleep ${seconds}`);
      const container = (script: string, timeout: string) => ({
        image: 'box',
        runtime,
        command: ['busybox', 'sleep', '1000'],
        stop_signal: 'SIGKILL',
        healthcheck: {
          exec: ['busybox', 'sh', '-c', script],
          ...{ interval: '100ms', start_period: '0s', retries: 100, timeout },
        },
      });
      const stack = new Stack(host, {
        name: 'c',
        images: { box: SMALL_IMAGE },
        containers: {
          hangs: container(
            `${child} & busybox setsid ${session} & (busybox setsid busybox sh -c '${daemon} &' &); wait`,
            '2s',
          ),
          // keeps the pipe for its output open
          quick: container(`busybox setsid ${quick} & exit 0`, '30s'),
          fails: container('echo why >&2; exit 7', '30s'),
        },
      });
      await stack.apply();
      expect(await stack.run('apply', '-y', '--quiet')).toEqual(silent);
      const listed = JSON.parse(await stack.done('ps', '--json')) as {
        name: string;
        health: { status: string; reason?: string };
      }[];
      expect(Object.fromEntries(listed.map(({ name, health }) => [name, health.reason]))).toEqual({
        hangs: 'no end after 2s',
        quick: undefined,
        fails: 'exit code 7: why',
      });
      const left = stack.pids('c.hangs').length + stack.pids('c.quick').length;
      expect(left).toBe(2);
      for (const seconds of marks) {
        const found = await host.run('pgrep', ['-f', `^busybox sleep ${seconds}$`], {
          reject: false,
        });
        expect(found.stdout).toBe('');
      }
      expect(stack.groups('c.hangs').flatMap(foldersIn)).toEqual([]);
      await stack.destroy();
    }),
  );
});

const foldersIn = (dir: string) =>
  existsSync(dir)
    ? readdirSync(dir, { withFileTypes: true })
        .filter((each) => each.isDirectory())
        .map(({ name }) => name)
    : [];
