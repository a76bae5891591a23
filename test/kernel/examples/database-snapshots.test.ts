import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrivateHost, privateHost } from '../../support/private-host.js';
import { NOTHING, Stack } from '../stack/stack.js';
import { importApplications, lackingApplications } from './example.js';

/** Milliseconds; enough for a busy machine. */
const LIMIT = process.env.CRASH_ALL ? 1_800_000 : 600_000;
const TAGS = Array.from({ length: process.env.CRASH_ALL ? 20 : 5 }, (_, index) => `s${index + 1}`);
/** New volumes. */
const RESTORED = TAGS.map((tag) => tag.replace('s', 'r'));

const FOLDER = '/var/lib/postgresql/data';
const OPTIONS =
  '-c listen_addresses= -c shared_buffers=32MB -c max_wal_size=64MB -c min_wal_size=32MB';
const DB = {
  image: 'postgres',
  user: 'postgres',
  command: [
    ...['sh', '-ec'],
    `test -s ${FOLDER}/PG_VERSION || initdb --auth=trust --pgdata=${FOLDER}
     exec postgres -D ${FOLDER} ${OPTIONS}`,
  ],
  // PostgreSQL's fast shutdown
  stop_signal: 'SIGINT',
  volumes: [`data:${FOLDER}`],
};
/** Mounts all new volumes. */
const CHECK = {
  image: 'postgres',
  user: 'postgres',
  command: ['sh', '-c', 'trap "exit 0" TERM; sleep infinity & wait'],
  volumes: RESTORED.map((name) => `${name}:/${name}`),
};

const file = (containers: object, volumes: object = {}) => ({
  name: 'shop',
  images: {
    applications: { external: true },
    postgres: {
      size: '2G',
      from: { image: 'applications' },
      run: [
        'rm -rf /var/lib/postgresql/*; ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/',
        `install --directory --owner=postgres --mode=0700 /run/postgresql ${FOLDER}`,
      ],
    },
  },
  volumes: { data: { size: '400M' }, ...volumes },
  containers: { db: DB, ...containers },
});

/** Every transaction of pgbench changes three sums by the same number, and its history has it. */
const SUMS = `SELECT (SELECT sum(abalance) FROM pgbench_accounts) = s
  AND (SELECT sum(tbalance) FROM pgbench_tellers) = s
  AND (SELECT sum(bbalance) FROM pgbench_branches) = s, n
  FROM (SELECT coalesce(sum(delta), 0) AS s, count(*) AS n FROM pgbench_history) AS history`;

/** Starts a server on a folder, as after a crash, and lets it check itself. */
const VERIFY = `
# its server had the number of a process that is another one here
rm -f "$1/postmaster.pid"
pg_ctl -D "$1" -o '${OPTIONS} -k /tmp' -l /tmp/log -w -t 120 start >&2 || { cat /tmp/log >&2; exit 1; }
psql -h /tmp -Atc '${SUMS}'
pg_amcheck -h /tmp --install-missing --heapallindexed postgres
pg_ctl -D "$1" -w -t 120 stop >&2`;

describe.skipIf(lackingApplications())('a database', () => {
  let host: PrivateHost;
  beforeAll(async () => {
    host = await privateHost();
    await importApplications(host);
  }, LIMIT);
  afterAll(async () => {
    const pruned = await host.baleine(['image', 'prune', '-y'], { reject: false });
    expect({ code: pruned.code, left: await host.close() }).toEqual({ code: 0, left: [] });
  }, LIMIT);

  it(
    'that is written to is whole in every snapshot',
    async () => {
      const stack = new Stack(host, file({}));
      const sql = async (text: string) =>
        (await stack.done('exec', 'db', '--', 'psql', '-Atc', text)).trim();
      const ready = () => expect.poll(() => sql('SELECT 1').catch(String), POLL).toBe('1');
      const count = () => sql('SELECT count(*) FROM pgbench_history').then(Number);
      const bench = 'pgbench --client=4 --time=3600 >/tmp/bench 2>&1 &';
      await stack.apply();
      await ready();
      await stack.done('exec', 'db', '--', 'pgbench', '--initialize', '--quiet');
      await stack.done('exec', 'db', '--', 'sh', '-c', bench);

      const counts: [before: number, after: number][] = [];
      for (const tag of TAGS) {
        const [, least = 0] = counts.at(-1) ?? [];
        await expect.poll(count, POLL).toBeGreaterThan(least + 20);
        const before = await count();
        await stack.done('volume', 'snapshot', 'data', tag);
        counts.push([before, await count()]);
      }
      for (const [index, tag] of TAGS.entries()) {
        // as cron does
        const [restored, applied] = await Promise.all([
          stack.run('volume', 'restore', 'data', tag, '--as', RESTORED[index] ?? '', ...WAIT),
          stack.run('apply', '-y', '--quiet', ...WAIT),
        ]);
        expect({ tag, ...restored }).toMatchObject({ tag, code: 0, stderr: '' });
        expect(applied).toEqual({ code: 0, stdout: '', stderr: '' });
      }
      expect(
        await sql('SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = $$pgbench$$'),
      ).toBe('t');
      // the load ends with its server
      await stack.done('stop', 'db');

      const external = Object.fromEntries(RESTORED.map((name) => [name, { external: true }]));
      stack.write(file({ check: CHECK }, external));
      await stack.apply();
      for (const [index, name] of RESTORED.entries()) {
        const shown = await stack.done('exec', 'check', '--', 'sh', '-ec', VERIFY, '-', `/${name}`);
        const [before = 0, after = 0] = counts[index] ?? [];
        const [sums, number] = shown.trim().split('|');
        expect({ name, sums, shown }).toEqual({ name, sums: 't', shown: expect.anything() });
        expect(Number(number)).toBeGreaterThanOrEqual(before);
        expect(Number(number)).toBeLessThanOrEqual(after);
      }

      stack.write(file({}));
      await stack.apply();
      await stack.done('volume', 'restore', 'data', 's2');
      await stack.done('start', 'db');
      await ready();
      const [before = 0, after = 0] = counts[1] ?? [];
      const [sums, number] = (await sql(SUMS)).split('|');
      expect(sums).toBe('t');
      expect(Number(number)).toBeGreaterThanOrEqual(before);
      expect(Number(number)).toBeLessThanOrEqual(after);
      expect(await stack.plan()).toBe(NOTHING);

      await stack.destroy();
      await stack.done('volume', 'rm', ...RESTORED);
      const listed = JSON.parse(await stack.done('volume', 'snapshots', '--json'));
      const tags = listed.map(({ tag }: { tag: string }) => tag);
      expect(tags).toEqual([...TAGS, expect.stringMatching(/^before-restore-/)]);
      await stack.done('volume', 'snapshots', 'rm', 'data', ...tags);
    },
    LIMIT,
  );
});

const WAIT = ['--lock-timeout', '120s'];
const POLL = { timeout: 120_000, interval: 200 };
