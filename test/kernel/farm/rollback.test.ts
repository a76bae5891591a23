import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Load, MODERATE, startLoad } from '../../support/load.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, Stack } from '../stack/stack.js';
import { cutOff, during, versions } from './during.js';
import { webFarm } from './web-farm.js';

const SERVE =
  'busybox mkdir -p /srv; echo "$(busybox hostname) $(busybox cat /app/version)" >/srv/index.html; exec busybox httpd -f -p 80 -h /srv';

/** The servers' start script in each version of the image. */
const STARTS = {
  v1: SERVE,
  v2: SERVE,
  ends: 'exit 3',
  ill: 'exec busybox httpd -f -p 80 -h /proc',
  elsewhere: SERVE.replace('-p 80', '-p 81'),
};
type Version = keyof typeof STARTS;

function farm(version: Version, update: object = {}, servers: object = {}) {
  const healthcheck = { http: { port: 80, path: '/' }, interval: '1s', retries: 2 };
  const usual = { command: ['busybox', 'sh', '/app/start'], port: 80, healthcheck };
  return webFarm({ from: `./${version}`, to: '/app' }, { ...usual, ...servers }, update);
}

function writeVersions({ dir }: PrivateHost): void {
  for (const [version, start] of Object.entries(STARTS)) {
    mkdirSync(join(dir, version));
    writeFileSync(join(dir, version, 'version'), `${version}\n`);
    writeFileSync(join(dir, version, 'start'), `${start}\n`);
  }
}

/** Runs a test on a farm of version v1 that a client queries all the time. */
async function underLoad(
  update: object,
  test: (stack: Stack, load: Load) => Promise<void>,
): Promise<void> {
  await inPrivateHost(async (host) => {
    writeVersions(host);
    const stack = new Stack(host, farm('v1', update));
    await stack.apply();
    await expect.poll(() => stack.pages('10.77.1.10').catch(() => [])).toHaveLength(1);
    const load = startLoad('http://10.77.1.10/', host.pid, MODERATE);
    try {
      await test(stack, load);
    } finally {
      await load.stop();
    }
    await stack.destroy();
    expect(existsSync(join(host.root, 'images'))).toBe(false);
  })();
}

/** The output of `plan` while the farm is pinned to its previous release. */
const PINNED = (what: string) =>
  [
    NOTHING,
    'Left as it is:',
    ...[1, 2].map((n) => `  container.web-server-${n} is rolled back: the file asks for ${what}`),
    '',
  ].join('\n');

it('rolls back to the previous image and keeps it', { timeout: 300_000 }, () =>
  underLoad({}, async (stack, load) => {
    const early = await stack.run('rollback', 'web', '-y');
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toContain('cannot roll back web: it has not changed since it was created');

    stack.write(farm('v2'));
    await stack.apply();
    const back = await during('rollback', load, () => stack.done('rollback', 'web', '-y'));
    expect(back.failed).toEqual({});
    await expect.poll(async () => versions(await load.count())).toEqual(['v1']);
    expect(await stack.plan()).toBe(PINNED('another image'));
    expect((await stack.run('apply', '-y', '--quiet')).stdout).toBe('');
    const listed = JSON.parse(await stack.done('ps', '--json'));
    expect(listed.map(({ held }: { held?: string[] }) => held)).toEqual([
      undefined,
      ['image'],
      ['image'],
    ]);
    expect((await stack.run('rollback', 'web', '-y')).stderr).toContain('already rolled back');

    const undone = await during('undone', load, async () => {
      await stack.done('rollback', '--undo', 'web');
      await stack.apply();
    });
    expect(undone.failed).toEqual({});
    await expect.poll(async () => versions(await load.count())).toEqual(['v2']);
    expect(await stack.plan()).toBe(NOTHING);
  }),
);

it('returns from a stopped rolling update to the previous release', { timeout: 300_000 }, () =>
  underLoad({}, async (stack, load) => {
    for (const broken of ['ends', 'ill', 'elsewhere'] as const) {
      const counts = await during(`paused: ${broken}`, load, async () => {
        stack.write(farm(broken));
        expect((await stack.run('apply', '-y')).code).toBe(1);
        expect(headings(await stack.plan())).toHaveLength(3);
        await stack.done('rollback', 'web', '-y');
      });
      expect(counts.failed).toEqual({});
      expect(versions(counts)).toEqual(['v1']);
      expect(await stack.plan()).toBe(PINNED('another image'));
    }
    stack.write(farm('v2'));
    expect((await during('mended', load, () => stack.apply())).failed).toEqual({});
    await expect.poll(async () => versions(await load.count())).toEqual(['v2']);
    expect(await stack.plan()).toBe(NOTHING);
  }),
);

it('keeps the running release although the next build was interrupted', { timeout: 300_000 }, () =>
  underLoad({}, async (stack, load) => {
    const kept = join(stack.host.root, 'images', 'farm.web.previous.img');
    stack.write(farm('v2'));
    await cutOff(stack, () => existsSync(kept));
    await stack.apply();
    await stack.done('rollback', 'web', '-y');
    expect((await load.count()).failed).toEqual({});
    await expect.poll(async () => versions(await load.count())).toEqual(['v1']);
    expect(await stack.plan()).toBe(PINNED('another image'));
  }),
);

it('continues an interrupted rollback', { timeout: 300_000 }, () =>
  underLoad({}, async (stack, load) => {
    stack.write(farm('v2'));
    await stack.apply();
    const down = () => stack.pids('farm.web-server-1').length === 0;
    const cut = await during('cut off', load, () => cutOff(stack, down, ['rollback', 'web', '-y']));
    const rest = await during('the rest', load, () => stack.apply());
    expect([cut.failed, rest.failed]).toEqual([{}, {}]);
    await expect.poll(async () => versions(await load.count())).toEqual(['v1']);
    expect(await stack.plan()).toBe(PINNED('another image'));
  }),
);

it('restores the proxy’s health check, too', { timeout: 300_000 }, () =>
  underLoad({}, async (stack, load) => {
    const healthcheck = { http: { port: 80, path: '/nope' }, interval: '1s', on_failure: 'none' };
    stack.write(farm('v1', {}, { healthcheck }));
    await stack.apply();
    await expect.poll(async () => (await load.count()).failed).toHaveProperty('status 503');
    await stack.done('rollback', 'web', '-y');
    await expect.poll(async () => (await load.count()).failed).toEqual({});
    expect(await stack.plan()).toBe(PINNED('another healthcheck'));

    stack.write(farm('v1', {}, { port: 81 }));
    await stack.apply();
    await expect.poll(async () => (await load.count()).failed).toHaveProperty('status 503');
    await stack.done('rollback', 'web', '-y');
    await expect.poll(async () => (await load.count()).failed).toEqual({});
    expect(await stack.plan()).toBe(PINNED('another port'));
  }),
);

const AUTO = { failure_action: 'rollback' };

/** Arguments of `apply` for each way in which it rolls back. */
const APPLY_ARGS = {
  ends: async () => ['-y', '--quiet'],
  ill: async (stack: Stack) => {
    const saved = join(stack.host.dir, 'saved.plan');
    await stack.done('plan', '--out', saved);
    return [saved];
  },
  elsewhere: async () => ['-y', '--json'],
} as const;

const EXPECTED = {
  ends: /spare-1: cannot send requests to web-spare-1: it ended with 3\n(.|\n)*^Error: web is as it was/m,
  ill: /spare-1: cannot send requests to web-spare-1: it is not well(.|\n)*^Error: web is as it was/m,
  elsewhere: /"type":"rollback-finished","service":"web","ms":\d+,"result":"done"}\n$/,
};

it('rolls a failed rolling update back in the same apply', { timeout: 300_000 }, () =>
  underLoad(AUTO, async (stack, load) => {
    for (const broken of ['ends', 'ill', 'elsewhere'] as const) {
      const counts = await during(`rolled back: ${broken}`, load, async () => {
        stack.write(farm(broken, AUTO));
        const { code, stdout, stderr } = await stack.run(
          'apply',
          ...(await APPLY_ARGS[broken](stack)),
        );
        expect(code).toBe(1);
        expect(broken === 'elsewhere' ? stdout : stderr).toMatch(EXPECTED[broken]);
      });
      expect(counts.failed).toEqual({});
      expect(versions(counts)).toEqual(['v1']);
      expect(await stack.plan()).toBe(PINNED('another image'));
      const { code, stdout } = await stack.run('apply', '-y', '--quiet');
      expect(code).toBe(0);
      const recovered =
        /^baleine: .* recovered, .*; rolled back: farm\/web-server-1, farm\/web-server-2\n$/;
      expect(stdout).toMatch(broken === 'ends' ? recovered : /^$/);
    }
    const log = await stack.done('events');
    expect(log).toContain('farm/farm.web rollback: a roll-out has failed (');

    stack.write(farm('v2', AUTO));
    expect((await during('mended', load, () => stack.apply())).failed).toEqual({});
    await expect.poll(async () => versions(await load.count())).toEqual(['v2']);
    expect(await stack.plan()).toBe(NOTHING);
  }),
);

const STOP_FIRST = { ...AUTO, order: 'stop-first' };

it(
  'rolls back a failed change of the service, even after an interruption',
  { timeout: 300_000 },
  () =>
    underLoad(STOP_FIRST, async (stack, load) => {
      // fails in the second server: the first one has created the folder on their volume
      const once = `busybox mkdir /once/taken && { ${SERVE}; }`;
      const servers = { command: ['busybox', 'sh', '-c', once], volumes: ['once:/once'] };
      stack.write({ ...farm('v1', STOP_FIRST, servers), volumes: { once: {} } });

      const cut = await during('cut off while undone', load, () =>
        cutOff(stack, secondFall(stack)),
      );
      expect(headings(await stack.plan())).toEqual([
        expect.stringMatching(/^container.web-server-1 (must be replaced|will be created)/),
      ]);
      const rest = await during('the rest', load, () => stack.apply());
      expect([cut.failed, rest.failed]).toEqual([{}, {}]);
      expect(await stack.plan()).toBe(PINNED('another command, volumes'));
    }),
);

/** Whether the first server is down again, after the second one was. */
function secondFall(stack: Stack): () => boolean {
  const falls = ['web-server-1', 'web-server-2', 'web-server-1'];
  return () => {
    if (stack.pids(`farm.${falls[0]}`).length === 0) falls.shift();
    return falls.length === 0;
  };
}
