import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FarmStatus } from '../../../src/model/farm-status.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { farmOf, farmStack } from './farm-proxy.js';
import { headings, NOTHING, Stack } from './stack.js';

const HTTP = '10.77.1.10';
const TCP = '10.77.1.11';
const OWN = '10.77.1.12';

const TLS = { certificate: './shop.pem', key: './shop.key' };

const SNIPPET =
  'http-request return status 200 content-type text/plain string "mine" if { path /mine }';

const options = (frontend: string) => ({
  tls: { ...TLS, redirect: true },
  stats: 8404,
  sticky: 'cookie',
  balance: 'leastconn',
  access_log: true,
  snippets: { frontend },
});

const words = (frontend = SNIPPET) =>
  farmStack({
    shop: farmOf(2, HTTP, { proxy: options(frontend) }),
    raw: farmOf(2, TCP, { proxy: { mode: 'tcp', sticky: 'source', access_log: true } }),
  });

it(
  'terminates TLS, keeps clients with their servers, shows statistics and logs, accepts snippets',
  inPrivateHost(async (host) => {
    await certify(host, 'one');
    const stack = new Stack(host, words());
    await stack.apply();
    const curl = async (...args: string[]) =>
      (await host.run('curl', ['--silent', '--show-error', '--max-time', '5', ...args])).stdout;
    const tls = ['--cacert', 'shop.pem', '--resolve', `shop.test:443:${HTTP}`];
    const secure = (...args: string[]) =>
      curl(...tls, ...args, 'https://shop.test/').catch(() => '');

    const names = ['shop-server-1\n', 'shop-server-2\n'];
    await expect.poll(() => secure()).toMatch(/^shop-server-\d\n$/);
    await expect
      .poll(async () => [...new Set([await secure(), await secure()])].sort())
      .toEqual(names);
    const first = await secure('--cookie-jar', 'jar');
    for (let i = 0; i < 4; i++) expect(await secure('--cookie', 'jar')).toBe(first);

    const headers = await curl('--head', `http://${HTTP}/page`);
    expect(headers).toMatch(/^HTTP\/1.1 301 /);
    expect(headers).toMatch(new RegExp(`^location: https://${HTTP}/page`, 'im'));
    expect(await curl(`http://${HTTP}:8404/`)).toContain('Statistics Report');
    expect(await curl(...tls, 'https://shop.test/mine')).toBe('mine');
    await expect
      .poll(() => stack.done('logs', 'shop-proxy'))
      .toMatch(/shop-servers\/shop-server-\d .* 200 .*"GET https:\/\/shop\.test\/ HTTP\/2\.0"/);

    const pages = await stack.pages(TCP, 6);
    expect(pages).toHaveLength(1);
    const [raw] = JSON.parse(await stack.done('farm', 'status', 'raw', '--json')) as FarmStatus[];
    expect(raw?.traffic).toMatchObject({ requests: 0 });
    expect(raw?.traffic?.sessions_total).toBeGreaterThan(0);
    await expect
      .poll(() => stack.done('logs', 'raw-proxy'))
      .toMatch(/raw-servers\/raw-server-\d \d+\/\d+\/\d+ /);
    await stack.destroy();
  }),
);

it(
  'loads a renewed certificate without a restart, and keeps its configuration if a snippet is wrong',
  inPrivateHost(async (host) => {
    await certify(host, 'one');
    const own = { user: '1000:1000', listen: 8080, tls: { ...TLS, listen: 8443 } };
    const withOwn = (frontend?: string) => {
      const stack = words(frontend);
      return {
        ...stack,
        farms: { ...(stack.farms as object), own: farmOf(1, OWN, { proxy: own }) },
      };
    };
    const stack = new Stack(host, withOwn());
    await stack.apply();
    const subject = async () =>
      (
        await host.run(
          'curl',
          [...['--silent', '--verbose', '--insecure', '--output', '/dev/null'], `https://${HTTP}/`],
          { reject: false },
        )
      ).stderr;
    await expect.poll(subject).toMatch(/O=one/);
    const before = stack.processes('farm.shop-proxy');
    const modes = async (name: string) => {
      const folder = join(host.root, 'configs/farm', name);
      return (await host.run('sh', ['-c', 'stat -c "%a %u" "$0"/*.pem', folder])).stdout;
    };
    expect(await modes('shop-proxy')).toBe('600 0\n');
    expect(await modes('own-proxy')).toBe('600 1000\n');

    await certify(host, 'two');
    expect(headings(await stack.plan())).toEqual([
      'config.shop-proxy will be updated in-place (text changed)',
      'config.own-proxy will be updated in-place (text changed)',
    ]);
    await stack.apply();
    await expect.poll(subject).toMatch(/O=two/);
    expect(await modes('shop-proxy')).toBe('600 0\n');
    expect(await modes('own-proxy')).toBe('600 1000\n');
    const page = await host.run('curl', ['--silent', '--insecure', `https://${OWN}:8443/`]);
    expect(page.stdout).toBe('own-server-1\n');
    expect(await stack.plan()).toBe(NOTHING);

    stack.write(withOwn('no-such-keyword'));
    for (const command of [['plan'], ['apply', '-y']]) {
      const refused = await stack.run(...command);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /^Error: .*baleine\.yaml:\d+:\d+: the proxy refuses its new configuration:\n.*\[\/etc\/baleine\/haproxy\.cfg:\d+\].*no-such-keyword/s,
      );
    }
    const files = readdirSync(join(host.root, 'configs/farm/shop-proxy'));
    expect(files.filter((name) => /plan|next/.test(name))).toEqual([]);
    expect(await subject()).toMatch(/O=two/);
    expect(stack.processes('farm.shop-proxy')).toEqual(before);

    await host.run('rm', ['shop.key']);
    expect((await stack.run('plan')).stderr).toMatch(
      /baleine\.yaml:\d+:\d+: cannot read .*shop\.key: no such file/,
    );
    await stack.destroy();
  }),
);

it(
  'refuses a wrong snippet of a new farm at plan, at its place in the file',
  inPrivateHost(async (host) => {
    await certify(host, 'one');
    const stack = new Stack(host, words('no-such-keyword'));
    for (const command of [['plan'], ['apply', '-y']]) {
      const refused = await stack.run(...command);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /^Error: .*baleine\.yaml:\d+:\d+: HAProxy refuses "no-such-keyword": unknown keyword 'no-such-keyword' in 'frontend' section \(haproxy\.cfg:\d+\)$/m,
      );
      const [, line] = /baleine\.yaml:(\d+)/.exec(refused.stderr) ?? [];
      const written = readFileSync(join(host.dir, 'baleine.yaml'), 'utf8').split('\n');
      expect(written[Number(line) - 1]).toContain('no-such-keyword');
    }
    expect(stack.pids('farm.shop-server-1')).toEqual([]);
    expect(await host.leaks()).toEqual([]);
  }),
);

it(
  'starts no proxy with an invalid configuration',
  inPrivateHost(async (host) => {
    await certify(host, 'one');
    const stack = new Stack(host, words('errorfile 503 /none.http'));
    expect(await stack.plan()).toContain(
      'config.shop-proxy its snippets are checked only when the proxy starts',
    );
    const refused = await stack.run('apply', '-y');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /cannot start farm\.shop-proxy with its configuration: .*\[\/etc\/baleine\/haproxy\.cfg:\d+\].*'\/none.http'/,
    );
    expect(stack.pids('farm.shop-proxy')).toEqual([]);
    expect(await stack.run('logs', 'shop-proxy')).toMatchObject({ code: 0, stdout: '' });

    stack.write(words());
    await stack.apply();
    expect(await stack.pages(`${HTTP}:8404`)).not.toEqual([]);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

async function certify(host: PrivateHost, organisation: string): Promise<void> {
  await host.run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', `/O=${organisation}/CN=shop.test`],
    ...['-addext', 'subjectAltName=DNS:shop.test'],
    ...['-keyout', join(host.dir, 'shop.key'), '-out', join(host.dir, 'shop.pem')],
  ]);
}
