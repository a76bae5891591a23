import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CGROUP_PARENT, COMMAND, names, removeCgroupParent, type Subject } from './subject.js';
import { type Command, output, time } from './time.js';

/** One `podman run` per container, as many concurrently as there are processors. */
export function podman(dir: string, containers: number): Subject {
  const word: Command = [
    'podman',
    ...['--root', join(dir, 'data'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')],
    ...['--network-config-dir', join(dir, 'networks')],
    ...['--cgroup-manager', 'cgroupfs', '--runtime', 'runc', '--events-backend', 'none'],
  ];
  const limits = [
    ...['--cgroup-parent', CGROUP_PARENT, '--memory', '32m'],
    // The defaults exceed the limits of some hosts.
    ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
  ];
  const run = (...words: string[]) => time([...word, ...words], { cwd: dir });
  const each = (...words: string[]) =>
    time([
      ...['sh', '-c', 'n=$1; shift; printf "%s\\n" $n | xargs -P "$0" -I NAME "$@"'],
      ...[String(availableParallelism()), names(containers).join(' '), ...word, ...words],
    ] as unknown as Command);

  return {
    name: 'podman',
    start: () => {
      mkdirSync(join(dir, 'tree/bin'), { recursive: true });
      // The only path of CNI that cannot be configured.
      mkdirSync(CNI, { recursive: true });
      time(['mount', '-t', 'tmpfs', 'tmpfs', CNI]);
    },
    prepare: () => {
      time(['sh', '-c', 'cp /bin/busybox tree/bin && tar -C tree -cf base.tar .'], { cwd: dir });
      run('import', 'base.tar', 'base');
    },
    up: () => {
      const network = run('network', 'create', '--subnet', '10.79.0.0/20', 'bench');
      const flags = ['--detach', '--network', 'bench', '--name', 'NAME', ...limits];
      return network + each('run', ...flags, 'base', ...COMMAND);
    },
    again: () => undefined,
    heal: () => {
      run('kill', 'c1');
      return run('start', 'c1');
    },
    down: () => run('rm', '--all', '--force', '--time', '0') + run('network', 'rm', 'bench'),
    running: () =>
      output([...word, 'ps', '-q'])
        .split('\n')
        .filter(Boolean).length,
    end: () => {
      run('rm', '--all', '--force', '--time', '0');
      time(['umount', CNI]);
      removeCgroupParent();
    },
  };
}

const CNI = '/var/lib/cni';
