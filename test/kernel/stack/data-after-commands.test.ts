import { expect, it } from 'vitest';
import { allCommands } from '../../support/commands.js';
import { inPrivateHost } from '../../support/private-host.js';
import { BASE, Data } from './data.js';
import { Stack } from './stack.js';

/** Words of commands, run in order; `!` before one that refuses, `?` before one that may not work here. */
type Lines = string[];

/** Changes no volume, whatever its arguments are. */
const READS = 'reads';
const NONE = 'its resources are no volumes';

const START = 'start';

/** A folder, and one with a size. */
const FORMS = ['plain', 'sized'];

const APPLY = 'apply -y --quiet';
/** Cron's line leaves a destroyed stack alone. */
const AGAIN = 'apply -y';

/** What is done to a stack with data by each command, the most dangerous options of each. */
const TABLE: Record<string, Lines | string> = {
  plan: READS,
  apply: [
    APPLY,
    'apply -y --quiet --lock-skip',
    'apply',
    'apply -y --replace container.db',
    'apply -y --no-refresh --target container.db',
  ],
  destroy: [
    '!destroy',
    'destroy -y --target volume.plain --target volume.sized',
    AGAIN,
    'destroy -y',
    'destroy -y --quiet',
    'destroy --stack shop -y',
    'system prune -y',
    'volume prune -y',
    'state repair -y',
    AGAIN,
  ],
  up: ['up -d --force-recreate --scale db=0', 'up -d --build --remove-orphans'],
  down: ['down', 'down --rmi all --remove-orphans', AGAIN],
  build: ['build --no-cache'],
  pull: ['pull'],
  push: 'writes to a registry alone',
  watch: 'replaces containers as apply does',
  validate: READS,
  config: READS,
  convert: READS,
  ps: READS,
  ls: READS,
  stats: READS,
  scale: 'makes servers of farms, which are replaced as containers are',
  rollback: ['!rollback -y db'],
  'farm status': READS,
  'job list': READS,
  'job run': ['job run report'],
  'job logs': READS,
  'job inspect': READS,
  logs: READS,
  exec: ['exec db -- busybox true'],
  start: ['start'],
  stop: ['stop', APPLY, START],
  restart: ['restart'],
  pause: ['pause db', '!volume restore plain none', 'unpause db'],
  unpause: ['unpause db'],
  wait: READS,
  kill: ['kill db', APPLY],
  cp: ['!cp db:/plain/d out-of-db'],
  port: READS,
  top: READS,
  inspect: READS,
  'container create': [
    'image create own --size 8M --from-host /bin/busybox',
    // another volume of the same name
    'container create lone --image own -v plain:/plain --start -- busybox sleep 1d',
  ],
  'container list': READS,
  'container add': NONE,
  'container start': ['!container start db'],
  'container stop': ['!container stop db'],
  'container restart': ['!container restart db'],
  'container exec': NONE,
  'container logs': READS,
  'container inspect': READS,
  'container pause': NONE,
  'container unpause': NONE,
  'container kill': ['!container kill db'],
  'container cp': ['!container cp lone:/plain out-of-lone'],
  'container commit': ['container commit lone image-of-lone'],
  'container checkpoint': ['?container checkpoint lone'],
  'container restore': ['?container restore lone'],
  'container checkpoints list': READS,
  'container checkpoints rm': ['?container checkpoints rm lone'],
  'container snapshot': ['container snapshot --stack shop db first'],
  'container snapshots list': READS,
  'container snapshots rm': [
    'container restore --stack shop db first --disk',
    'container snapshots rm --stack shop db first',
  ],
  'container rename': [
    'container stop lone',
    'container rename lone other',
    '!container rename db x',
  ],
  'container wait': READS,
  'container top': READS,
  'container port': READS,
  'container diff': READS,
  'container rm': ['!container rm -f db', 'container rm -f other', 'volume list'],
  'container prune': ['container prune -y'],
  'image create': ['image create spare --size 8M --from-host /bin/busybox'],
  'image import': NONE,
  'image pull': NONE,
  'image export': READS,
  'image push': READS,
  'image list': READS,
  'image inspect': READS,
  'image history': READS,
  'image tag': NONE,
  'image rm': ['!image rm box'],
  'image prune': ['!image prune', 'image prune -y'],
  'network create': NONE,
  'network list': READS,
  'network connect': NONE,
  'network disconnect': NONE,
  'network inspect': READS,
  'network rm': NONE,
  'network prune': NONE,
  'volume create': ['!volume create plain', 'volume create --size 8M spare'],
  'volume inspect': READS,
  'volume list': READS,
  'volume cp': ['volume cp --stack shop plain:/d out-of-plain'],
  'volume snapshot': FORMS.map((name) => `volume snapshot --stack shop ${name} first`),
  'volume snapshots list': READS,
  'volume restore': [
    '!volume restore --stack shop plain first',
    'exec db -- busybox mv /plain/d /plain/moved',
    'exec db -- busybox rm -r /sized/d',
    'stop',
    ...FORMS.map((name) => `volume restore --stack shop ${name} first`),
    START,
    '!volume restore --stack shop plain first --as plain',
    'volume restore --stack shop plain first --as again',
    'volume rm again',
  ],
  'volume snapshots rm': FORMS.map((name) => `volume snapshots rm --stack shop ${name} first`),
  'volume rm': [
    ...FORMS.map((name) => `!volume rm --stack shop ${name}`),
    'volume rm plain',
    '!volume rm plain',
    '!volume rm sized',
  ],
  'volume prune': ['!volume prune', 'volume prune -y', 'volume prune -y --all'],
  'backup run': ['!backup run plain'],
  'backup list': READS,
  'backup restore': ['!backup restore plain'],
  'backup check': READS,
  'pool create': 'test/kernel/pool/pool.test.ts and test/kernel/crash/pool.test.ts',
  'pool grow': 'test/kernel/pool/pool.test.ts',
  'pool remove': 'test/kernel/pool/pool.test.ts and test/kernel/crash/pool.test.ts',
  'pool status': READS,
  'system df': READS,
  'system prune': ['system prune -y', 'system prune -y --volumes'],
  graph: READS,
  ui: READS,
  events: READS,
  'state check': READS,
  'state repair': ['state repair -y'],
  'state show': READS,
  'state mv': [
    'state mv volume.plain volume.moved',
    '?apply -y',
    'state mv volume.moved volume.plain',
    APPLY,
  ],
  'state rm': [
    'state rm volume.plain',
    'state rm volume.sized',
    'state repair -y',
    'volume prune -y --all',
    '!apply -y',
    '?destroy -y --volumes',
    'import volume.plain',
    'import volume.sized',
    AGAIN,
  ],
  'state adopt': ['?state adopt'],
  import: ['!import volume.plain', '!import volume.kept /var'],
  'cron install': 'changes the crontab alone',
  'cron show': READS,
  'cron remove': 'changes the crontab alone',
  run: ['run --no-deps db busybox true'],
  completion: READS,
  doctor: READS,
  'debug snapshot': READS,
};

async function run(stack: Stack, line: string): Promise<void> {
  const [, mark = '', words = ''] = /^([!?]?)(.*)$/.exec(line) ?? [];
  const { code, stdout, stderr } = await stack.run(...words.split(' '));
  const expected = { '!': 1, '?': code, '': 0 }[mark];
  expect.soft({ line, code, stdout, stderr }).toEqual({ line, code: expected, stdout, stderr });
}

it('says of every command what it does to data', async () => {
  const names = (await allCommands()).map(([name]) => name);
  expect(Object.keys(TABLE).sort()).toEqual(names.sort());
});

it(
  'no command loses what is in a volume of a stack, unless it names it',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, BASE);
    const data = new Data(stack);
    await stack.apply();
    await data.write();
    for (const [name, lines] of Object.entries(TABLE)) {
      if (typeof lines === 'string') continue;
      for (const line of lines) await run(stack, line);
      await data.check(name);
    }
    await data.remove();
  }),
  300_000,
);
