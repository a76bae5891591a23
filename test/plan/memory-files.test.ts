import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStack } from '../support/memory-stack.js';

const FILE = `name: one
images:
  base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox, httpd, -f] }
secrets:
  db_password: { file: ./pw.txt }
  token: { environment: TOKEN }
configs:
  nginx: { file: ./nginx.conf }
containers:
  web:
    image: base
    secrets: [db_password, { source: token, target: t, uid: "1000", mode: 0440 }]
    configs: [nginx]
`;
const SIGNALED = `${FILE}    on_change: HUP\n`;
const CONF = 'worker_processes 1;\nevents {}\nhttp {}\n';
const ID = 'one.web';

let stack: MemoryStack;

beforeEach(() => {
  stack = new MemoryStack();
  stack.contents = { 'secrets.db_password': 'pw', 'secrets.token': 'abc', 'configs.nginx': CONF };
});

const verbs = (text: string) =>
  stack.plan(text).units.flatMap(({ steps }) => steps.map(({ verb }) => verb));

const files = () => stack.host.memoryFiles.get(ID);

it('shows names and places of new secrets and configs, and writes them before the start', async () => {
  expect(stack.planText(FILE)).toBe(`baleine will perform the following actions:

  # image.base will be created (new)
  + image.base
      + size: 64M
      + from.host.binaries: ["/bin/busybox"]
      + command: ["busybox","httpd","-f"]

  # container.web will be created (new)
  + container.web
      + image: base
      + command: ["busybox","httpd","-f"]
      + secrets: ["db_password","token at /run/secrets/t (uid 1000, mode 0440)"]
      + configs: ["nginx"]

Files derived from others follow for: hosts.none-4f53cd

Plan: 2 to add, 0 to change, 0 to destroy.`);
  expect(verbs(FILE)).toEqual([
    'image.build',
    'hosts.write',
    'container.wire',
    'container.disk',
    'container.mount',
    'container.files',
    'container.start',
  ]);
  await stack.apply(FILE);
  expect(files()).toMatchObject([
    { target: '/run/secrets/db_password', mode: 0o444 },
    { target: '/run/secrets/t', mode: 0o440, uid: 1000 },
    { target: '/nginx', mode: 0o444 },
  ]);
  expect(JSON.stringify(stack.rows)).not.toMatch(/"(pw|abc)"|worker/);
  expect(stack.plan(FILE).changes).toEqual([]);
});

describe('a changed content', () => {
  it('takes a restart, and a secret shows its digests alone', async () => {
    await stack.apply(FILE);
    stack.contents['secrets.db_password'] = 'new';
    expect(stack.planText(FILE)).toBe(`baleine will perform the following actions:

  # container.web will be updated in-place (secrets.db_password changed, takes a restart)
  ~ container.web
      ~ secrets.db_password: (digest 30c952fab122 → 11507a0e2f5e)

Plan: 0 to add, 1 to change, 0 to destroy.`);
    expect(verbs(FILE)).toEqual([
      'container.verify',
      'container.stop',
      'container.files',
      'container.start',
    ]);
    await stack.apply(FILE);
    expect(stack.plan(FILE).changes).toEqual([]);
  });

  it('of a config is shown as a diff', async () => {
    await stack.apply(FILE);
    stack.contents['configs.nginx'] = CONF.replace('1', '4');
    expect(stack.planText(FILE)).toBe(`baleine will perform the following actions:

  # container.web will be updated in-place (configs.nginx changed, takes a restart)
  ~ container.web
      ~ configs.nginx:
          @@ -1,3 +1,3 @@
          -worker_processes 1;
          +worker_processes 4;
           events {}
           http {}

Plan: 0 to add, 1 to change, 0 to destroy.`);
  });

  it('is written in place and announced with on_change', async () => {
    await stack.apply(SIGNALED);
    stack.contents['secrets.token'] = 'new';
    expect(stack.planText(SIGNALED)).toBe(`baleine will perform the following actions:

  # container.web will be updated in-place (secrets.token changed, sends SIGHUP)
  ~ container.web
      ~ secrets.token: (digest ba7816bf8f01 → 11507a0e2f5e)

Plan: 0 to add, 1 to change, 0 to destroy.`);
    expect(verbs(SIGNALED)).toEqual(['container.files']);
    await stack.apply(SIGNALED);
    expect(stack.host.signals).toEqual([`SIGHUP ${ID}`]);
    expect(stack.plan(SIGNALED).changes).toEqual([]);
  });

  it('that only another origin has changes the record alone', async () => {
    await stack.apply(FILE);
    const moved = FILE.replace('./pw.txt', './other.txt');
    expect(stack.planText(moved)).toContain('(secrets.db_password comes from another place)');
    expect(verbs(moved)).toEqual([]);
    await stack.apply(moved);
    expect(stack.plan(moved).changes).toEqual([]);
  });

  it('runs a job that has ended again', async () => {
    const job = `${FILE}    restart: "no"\n`;
    await stack.apply(job);
    stack.host.end(ID, 3);
    expect(verbs(job)).toEqual([]);
    stack.contents['configs.nginx'] = CONF.replace('1', '4');
    expect(stack.planText(job)).toContain('(configs.nginx changed, runs again)');
    expect(verbs(job)).toEqual(['container.files', 'container.start']);
    await stack.apply(job);
    stack.host.end(ID, 0);
    expect(stack.plan(job).changes).toEqual([]);
    // another origin of the same content is none
    expect(verbs(job.replace('./pw.txt', './other.txt'))).toEqual([]);
  });

  it('of a stopped container is written for its next start', async () => {
    await stack.apply(FILE);
    await stack.executePlan(
      stack.planRecorded('one', 'web', (spec) => ({ ...spec, stopped: true as const })),
    );
    stack.contents['secrets.token'] = 'new';
    expect(verbs(FILE)).toEqual(['container.files']);
  });
});

it('a moved, added or removed file takes a restart even with on_change', async () => {
  await stack.apply(SIGNALED);
  const changed = SIGNALED.replace('[db_password, ', '[')
    .replace('[nginx]', '[nginx, { source: nginx, target: n2 }]')
    .replace('target: t,', 'target: /etc/t,');
  expect(stack.planText(changed)).toBe(`baleine will perform the following actions:

  # container.web will be updated in-place (secrets.db_password removed, takes a restart, secrets.token changed, takes a restart, configs.nginx added, takes a restart)
  ~ container.web
      - secrets.db_password: db_password
      ~ secrets.token: token at /run/secrets/t (uid 1000, mode 0440) → token at /etc/t (uid 1000, mode 0440)
      + configs.nginx: nginx at /n2

Plan: 0 to add, 1 to change, 0 to destroy.`);
  await stack.apply(changed);
  expect(files()?.map(({ target }) => target)).toEqual(['/etc/t', '/nginx', '/n2']);
  expect(stack.plan(changed).changes).toEqual([]);
});

describe('drift', () => {
  const first = () => {
    const [file] = files() ?? [];
    if (!file) throw new Error('no file');
    return file;
  };

  it.each([
    [
      'an edited file',
      () => Object.assign(first(), { intact: false }),
      'the file of secret db_password was changed on the host',
    ],
    ['a deleted file', () => files()?.shift(), 'the file of secret db_password is gone'],
    [
      'one of an unfinished run',
      () => Object.assign(first(), { digest: 'x' }),
      'the file of secret db_password is not the recorded one',
    ],
    ['one too many', () => files()?.push({ ...first(), target: '/x' }), '/x is left over'],
  ])('%s is written again, with a restart', async (_, spoil, reason) => {
    await stack.apply(FILE);
    spoil();
    expect(stack.planText(FILE)).toBe(`Changes outside baleine were found:

  # container.web will be updated in-place (${reason})
  ~ container.web

Plan: 0 to add, 1 to change, 0 to destroy.`);
    expect(verbs(FILE)).toContain('container.start');
    await stack.apply(FILE);
    expect(stack.plan(FILE).changes).toEqual([]);
    expect(files()).toHaveLength(3);
  });

  it('an edited file is announced with on_change, a deleted one takes a restart', async () => {
    await stack.apply(SIGNALED);
    Object.assign(first(), { intact: false });
    expect(verbs(SIGNALED)).toEqual(['container.files']);
    files()?.shift();
    expect(verbs(SIGNALED)).toContain('container.start');
  });

  it('files that are gone after a reboot are written with the start', async () => {
    await stack.apply(FILE);
    stack.host.reboot();
    expect(verbs(FILE)).toEqual(expect.arrayContaining(['container.files', 'container.start']));
    await stack.apply(FILE);
    expect(files()).toHaveLength(3);
  });
});

it('goes with the container', async () => {
  await stack.apply(FILE);
  await stack.executePlan(stack.planDestroy('one'));
  expect(files()).toBeUndefined();
});

it('is not rolled back: only the present content is known', async () => {
  await stack.apply(FILE);
  const changed = FILE.replace('    image: base', '    image: base\n    working_dir: /srv');
  stack.contents['secrets.token'] = 'new';
  await stack.apply(changed);
  await stack.rollback(changed, 'web');
  expect(stack.plan(changed).changes).toEqual([]);
  expect(stack.rows.find(({ name }) => name === 'web')?.spec).toMatchObject({ working_dir: '/' });
});
