import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND, names } from './subject.js';
import { alternate, type Command, median, output, time } from './time.js';

/** Medians in milliseconds: of a compose file, and of the same stack as baleine.yaml. */
interface Times {
  /** Neither has changed since the last run. */
  warm: number[];
  /** Both have. */
  changed: number[];
}

/** `plan` of a stack in sync, by either file. */
export function formatTimes(dir: string, containers: number, rounds: number): Times {
  mkdirSync(dir, { recursive: true });
  const files = ['compose.yaml', 'baleine.yaml'].map((name) => join(dir, name));
  const [compose = '', own = ''] = files;
  const baleine = (file: string, ...words: string[]): Command => [
    process.execPath,
    ...['dist/main.js', '--root', join(dir, 'root'), '--file', file],
    ...words,
  ];
  writeFileSync(compose, stack(containers));
  writeFileSync(own, output(baleine(compose, 'convert')));
  // in the same style: YAML in blocks takes longer to parse
  writeFileSync(compose, output(baleine(compose, 'convert', '--to', 'compose')));
  try {
    // the second changes nothing, and leaves what makes its plans fast
    for (const file of [...files, ...files]) {
      time(baleine(file, 'apply', '--auto-approve', '--quiet'));
    }
    const plans = files.map((file) => baleine(file, 'plan', '--detailed-exitcode'));
    for (const plan of plans) time(plan);
    const warm = alternate(plans, rounds);
    const taken = Array.from({ length: rounds }, () =>
      plans.map((plan, at) => {
        appendFileSync(files[at] as string, '# another line\n');
        return time(plan);
      }),
    );
    const changed = files.map((_, at) => median(taken.map((each) => each[at] ?? 0)));
    return { warm, changed };
  } finally {
    time(baleine(compose, 'destroy', '--auto-approve'));
  }
}

/** What such files have in practice. */
function stack(containers: number): string {
  const service = {
    'x-baleine': { image: 'base' },
    command: COMMAND,
    environment: ['A=1', 'B=two', 'C=$$x'],
    labels: { 'org.example.team': 'shop' },
    networks: { net: { aliases: ['other'] } },
    mem_limit: '32m',
    stop_signal: 'SIGKILL',
    restart: 'unless-stopped',
    logging: { options: { 'max-size': '5m' } },
  };
  const base = { size: '16M', from: { host: { binaries: ['/bin/busybox'] } } };
  return `${JSON.stringify(
    {
      name: 'formats',
      services: Object.fromEntries(names(containers).map((name) => [name, service])),
      networks: {
        net: {
          ipam: { config: [{ subnet: '10.78.0.0/20', gateway: '10.78.0.1' }] },
          'x-baleine': { egress: false },
        },
      },
      'x-baleine': { images: { base } },
    },
    null,
    1,
  )}\n`;
}
