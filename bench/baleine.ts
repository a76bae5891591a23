import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND, names, type Subject } from './subject.js';
import { type Command, output, time } from './time.js';

export interface Baleine extends Subject {
  start(): void;
  root: string;
  /** Rewrites the file with another number of containers. */
  resize(containers: number): void;
  command(...words: string[]): Command;
}

/** @param more keys of each container */
export function baleine(dir: string, containers: number, more: object = {}): Baleine {
  const file = join(dir, 'baleine.yaml');
  const root = join(dir, 'root');
  const command = (...words: string[]): Command => [
    process.execPath,
    'dist/main.js',
    '--root',
    root,
    '--file',
    file,
    ...words,
  ];
  const resize = (count: number) => writeFileSync(file, stack(count, more));
  const apply = () => time(command('apply', '--auto-approve', '--quiet'));
  const running = (): { pid: number }[] =>
    JSON.parse(output(command('ps', '--json'))).filter((each: { pid?: number }) => each.pid);

  return {
    name: 'baleine',
    root,
    command,
    resize,
    start: () => {
      mkdirSync(dir, { recursive: true });
      resize(containers);
    },
    prepare: () => {
      time(command('apply', '--auto-approve', '--target', 'image.base'));
    },
    up: apply,
    again: apply,
    heal: () => {
      process.kill(running()[0]?.pid as number, 'SIGKILL');
      return apply();
    },
    down: () => time(command('destroy', '--auto-approve')),
    running: () => running().length,
    end: () => undefined,
  };
}

/** JSON is valid YAML. */
function stack(containers: number, more: object): string {
  const container = {
    image: 'base',
    command: COMMAND,
    bridges: ['net'],
    limits: { memory: '32M' },
    stop_signal: 'SIGKILL',
    ...more,
  };
  return JSON.stringify(
    {
      name: 'bench',
      images: { base: { size: '16M', from: { host: { binaries: ['/bin/busybox'] } } } },
      bridges: { net: { subnet: '10.77.0.0/20', host: '10.77.0.1' } },
      containers: Object.fromEntries(names(containers).map((name) => [name, container])),
    },
    null,
    1,
  );
}
