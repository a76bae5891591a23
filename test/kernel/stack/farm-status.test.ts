import { expect, it } from 'vitest';
import type { FarmServer, FarmStatus } from '../../../src/model/farm-status.js';
import { inPrivateHost, MAIN } from '../../support/private-host.js';
import { farmOf, farmStack } from './farm-proxy.js';
import { Stack } from './stack.js';

const states = (servers: FarmServer[]) =>
  Object.fromEntries(servers.map(({ name, state }) => [name, state]));

it(
  'shows the counters of the proxies of several farms, and which one does not answer',
  inPrivateHost(async (host) => {
    const farms = { one: farmOf(2, '10.77.1.10'), two: farmOf(1, '10.77.1.11') };
    const stack = new Stack(host, farmStack(farms));
    await stack.apply();
    await stack.answers('10.77.1.10', ['one-server-1', 'one-server-2']);
    await stack.answers('10.77.1.11', ['two-server-1']);
    const look = async (...words: string[]) =>
      JSON.parse(await stack.done('farm', 'status', '--json', ...words)) as FarmStatus[];

    const [before] = await look('one');
    await stack.pages('10.77.1.10', 10);
    const [one, two] = await look();
    expect(states(one?.servers ?? [])).toEqual({ 'one-server-1': 'up', 'one-server-2': 'up' });
    expect(one?.traffic?.requests).toBe((before?.traffic?.requests ?? 0) + 10);
    expect(one?.servers.map(({ traffic }) => traffic?.requests)).toEqual(
      before?.servers.map(({ traffic }) => (traffic?.requests ?? 0) + 5),
    );
    expect(two).toMatchObject({ name: 'two', stack: 'farm', proxy: 'two-proxy' });

    await stack.done('kill', 'one-server-2');
    await expect
      .poll(async () => states((await look('one'))[0]?.servers ?? []), { timeout: 30_000 })
      .toEqual({ 'one-server-1': 'up', 'one-server-2': 'down' });

    await stack.done('kill', 'two-proxy');
    await expect
      .poll(async () => (await look('two'))[0])
      .toEqual({
        ...{ name: 'two', stack: 'farm', proxy: 'two-proxy', silent: 'two-proxy does not run' },
        servers: [{ name: 'two-server-1', state: 'unknown' }],
      });
    expect(await stack.done('farm', 'status', 'two')).toBe(
      [
        'farm two: two-proxy does not run',
        'SERVER        STATE    SINCE  SESSIONS  REQUESTS  RATE  ERRORS  CHECK',
        'two-server-1  unknown  -      -         -         -     -       -',
        '',
      ].join('\n'),
    );
    const unknown = await stack.run('farm', 'status', 'tow');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('one, two') });
    await stack.destroy();
  }),
);

/** Serves the page, fetches it once, and ends the server. */
const ONE_PAGE = `"$@" >ui.txt & ui=$!
until grep -q http ui.txt; do sleep 0.1; done
curl --silent --show-error --fail --max-time 4 "$(grep -o 'http[^ ]*' ui.txt)"; code=$?
kill $ui; wait $ui; exit $code`;

it(
  'the page does not wait for a proxy that does not answer',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, farmStack({ one: farmOf(1, '10.77.1.10') }));
    await stack.apply();
    await stack.done('pause', 'one-proxy');
    const ui = ['--root', host.root, '--file', stack.file, 'ui', '--port', '0'];
    const { stdout } = await host.run('sh', [
      ...['-c', ONE_PAGE, 'sh', process.execPath, MAIN],
      ...ui,
    ]);
    expect(stdout).toContain('no answer within 500 ms');
    await stack.destroy();
  }),
);
