import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrivateHost, privateHost } from '../../support/private-host.js';
import { Example, importApplications, lackingApplications, NOTHING } from './example.js';

/** Milliseconds; enough for a busy machine. */
const LIMIT = 400_000;

const answersPostgres = `printf '\\0\\0\\0\\10\\4\\322\\26\\57' >&3; head -c1 <&3`;

describe.skipIf(lackingApplications())('real applications', () => {
  let host: PrivateHost;
  beforeAll(async () => {
    host = await privateHost();
    await importApplications(host);
  }, LIMIT);
  afterAll(async () => {
    await host.baleine(['image', 'prune', '-y']);
    expect(await host.close()).toEqual([]);
  }, LIMIT);

  it(
    'PostgreSQL: a password from a file, a benchmark, crashes, fast shutdown, data that stay',
    async () => {
      const app = new Example(host, 'postgres');
      const sql = (text: string) => app.exec('db', 'psql', '-Atc', text);
      await app.up();
      expect(await app.exec('db', 'id', '-un')).toBe('postgres');
      expect(await app.exec('db', 'stat', '-c', '%U', '/var/lib/postgresql')).toBe('postgres');
      expect(await app.exec('db', 'df', '--output=size', '/dev/shm')).toMatch(/\b131072$/);
      // the answer to a request for TLS, through the published port: there is none
      const through = `exec 3<>/dev/tcp/127.0.0.1/5432; ${answersPostgres}`;
      expect((await host.run('timeout', ['10', 'bash', '-c', through])).stdout).toBe('N');
      const state = await app.run('inspect', 'db');
      expect(`${state}${await app.exec('db', 'cat', '/proc/1/environ')}`).not.toContain(
        'change-me',
      );

      await app.run('--profile', 'bench', 'up', '-d');
      await expect
        .poll(() => app.logs('bench', '--profile', 'bench'), { timeout: 60_000 })
        .toMatch(/number of failed transactions: 0 .*tps = /s);
      expect(await app.run('--profile', 'bench', 'plan')).toContain(NOTHING);

      await sql('CREATE TABLE notes AS SELECT 7 AS number');
      await app.killed('db');
      expect(await sql('SELECT number, (SELECT count(*) FROM pgbench_accounts) FROM notes')).toBe(
        '7|100000',
      );
      await app.run('restart', 'db');
      expect(await app.logs('db')).toContain('received fast shutdown request');
      await expect.poll(() => sql('SELECT number FROM notes').catch(String)).toBe('7');

      expect(await app.run('down')).toContain('volume.data is kept with its data');
      await app.up();
      expect(await sql('SELECT number FROM notes')).toBe('7');
      await app.ends('data');
    },
    LIMIT,
  );

  it(
    'WordPress: nginx, PHP-FPM and MariaDB without root, installed by its page, reloaded and healed',
    async () => {
      const app = new Example(host, 'wordpress');
      const url = 'http://127.0.0.1:8081';
      await app.up();
      const users = { db: 'mysql', php: 'www-data', web: 'www-data' };
      for (const [service, user] of Object.entries(users)) {
        expect(await app.exec(service, 'id', '-un')).toBe(user);
      }
      const page = await app.page(url);
      expect(page).toContain('Information needed');
      expect(page).toContain(`${url}/wp-includes/css/`);
      const account = ['user_name=admin', 'admin_password=x7', 'admin_password2=x7', 'pw_weak=on'];
      const fields = ['weblog_title=Whales', ...account, 'admin_email=admin@example.org'];
      const form = fields.flatMap((field) => ['--data-urlencode', field]);
      const installed = await app.page(`${url}/wp-admin/install.php?step=2`, ...form);
      expect(installed).toContain('Success!');
      expect(await app.page(url)).toContain('<title>Whales');
      expect(await app.logs('db')).not.toContain('Access denied');

      const before = await app.pid('web');
      app.edit('nginx.conf', 'listen 8080;', 'listen 8080;\n    add_header X-Tide high always;');
      expect(await app.run('plan')).toMatch(/configs\.nginx changed, sends SIGHUP.*X-Tide high/s);
      await app.run('apply', '-y');
      await expect.poll(() => app.page(url, '--head')).toContain('X-Tide: high');
      expect(await app.pid('web')).toBe(before);

      for (const container of ['db', 'php']) await app.killed(container);
      await expect.poll(() => app.page(url).catch(String)).toContain('<title>Whales');
      await app.ends('database');
    },
    LIMIT,
  );

  it(
    'Redis: a changed configuration is a diff and a restart, and its data stay',
    async () => {
      const app = new Example(host, 'redis');
      const redis = (...words: string[]) => app.exec('redis', 'redis-cli', ...words);
      await app.up();
      expect(await app.exec('redis', 'id', '-un')).toBe('redis');
      expect(await redis('set', 'whale', 'blue')).toBe('OK');

      app.edit('redis.conf', 'maxmemory 128mb', 'maxmemory 96mb');
      const plan = await app.run('plan');
      expect(plan).toContain('configs.redis changed, takes a restart');
      expect(plan).toMatch(/-maxmemory 128mb\n\s*\+maxmemory 96mb/);
      await app.run('apply', '-y', '--wait');
      expect(await redis('config', 'get', 'maxmemory')).toContain(`${96 * 2 ** 20}`);
      expect(await redis('get', 'whale')).toBe('blue');

      // written every second
      await redis('set', 'whale', 'grey');
      await expect.poll(() => redis('info', 'persistence')).toContain('aof_pending_bio_fsync:0');
      await app.killed('redis');
      expect(await redis('get', 'whale')).toBe('grey');
      await app.run('down');
      await app.up();
      expect(await redis('get', 'whale')).toBe('grey');
      await app.ends('data');
    },
    LIMIT,
  );

  it(
    'a job that ends: the server waits for it, and a failed one keeps it from starting',
    async () => {
      const app = new Example(host, 'job');
      const url = 'http://127.0.0.1:8083/';
      app.edit('render', 'set -eu', 'set -eu; exit 3');
      const failed = await app.attempt(['up', '-d'], false);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/render.*(3|success)/);
      expect((await app.list()).find(({ name }) => name === 'web')?.status).not.toBe('running');

      app.edit('render', 'set -eu; exit 3', 'set -eu');
      expect(await app.run('plan')).toContain('configs.render changed, runs again');
      await app.up();
      const status = async () => (await app.list()).find(({ name }) => name === 'render')?.status;
      expect(await status()).toBe('exited');
      expect(await app.page(url)).toContain('<h1>It works</h1>');
      await app.killed('web');
      expect(await app.page(`${url}about.html`)).toContain('<h1>About</h1>');

      app.edit('pages/index.md', 'It works', 'It still works');
      await app.run('restart', 'render');
      await expect.poll(() => app.page(url)).toContain('It still works');
      expect(await app.run('plan')).toContain(NOTHING);
      await app.ends('site');
    },
    LIMIT,
  );
});
