import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TABLES } from '../../../src/app/context.js';
import type { BackupFacts } from '../../../src/model/backup.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { Row } from '../../../src/model/resource.js';
import type { VolumeFacts } from '../../../src/model/specs.js';
import { openStore } from '../../../src/state/store.js';
import { inPrivateHost, type PrivateHost, serving } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { CutOff, spread } from '../crash/cut-off.js';
import { NOTHING, Stack } from './stack.js';

const skip = lackingAny('restic');
const skipServer = lackingAny('restic', 'rclone');

const SILENT = { code: 0, stdout: '', stderr: '' };
const REPOSITORY = { repository: './repo', password: { file: './pw' } };

/** A folder and a sized volume, and a container that mounts both. */
function stackFile(host: PrivateHost, backup: object = {}) {
  writeFileSync(join(host.dir, 'pw'), 'secret\n');
  return {
    name: 'kept',
    images: { box: SMALL_IMAGE },
    volumes: {
      data: { backup: { ...REPOSITORY, ...backup } },
      sized: { size: '16M', backup: REPOSITORY },
    },
    containers: {
      web: { image: 'box', command: IDLE, volumes: ['data:/data', 'sized:/sized'] },
    },
  };
}

const isBackup = ({ action }: { action: string }) => action === 'backup';

class Backups {
  constructor(readonly stack: Stack) {}

  get host(): PrivateHost {
    return this.stack.host;
  }

  folder = (name: string) => join(this.host.root, 'volumes/kept', name);

  /** Files of every sort, with owners and attributes. */
  async fill(name: string): Promise<void> {
    const dir = this.folder(name);
    const words = [
      'mkdir -p "$1/sub/volume/lost+found" && cd "$1" && chown 999:998 . && chmod 2750 .',
      'head -c 300000 /dev/urandom >sub/random && chmod 0640 sub/random && chown 7:8 sub/random',
      'mkdir -p lost+found && echo found >lost+found/file',
      'ln sub/random hard && ln -s sub/random soft && mkfifo fifo',
      'setfattr -n user.color -v red sub/random',
      'touch -d 2001-02-03T04:05:06 sub/random && : >"-dash" && truncate -s 1M sparse',
    ].join('\n');
    await this.host.run('sh', ['-ec', words, 'sh', dir]);
  }

  /** Everything about the files of a volume that a backup has to keep. */
  async digest(folder: string): Promise<string> {
    const tar = `tar --create --pax-option=delete=atime,delete=ctime,exthdr.name=%d/%f --sort=name --xattrs --numeric-owner . | sha256sum`;
    const { stdout } = await this.host.run('sh', ['-ec', `cd "$1" && ${tar}`, 'sh', folder]);
    return stdout;
  }

  async facts(name = 'data'): Promise<VolumeFacts> {
    const [found] = JSON.parse(await this.stack.done('volume', 'inspect', '--stack', 'kept', name));
    return found;
  }

  async backup(name = 'data'): Promise<BackupFacts> {
    return (await this.facts(name)).backup ?? {};
  }

  /** As from cron. */
  tick() {
    return this.stack.run('apply', '-y', '--quiet', '--lock-skip');
  }

  async edit(change: (facts: VolumeFacts) => VolumeFacts): Promise<void> {
    const store = openStore(installPaths(this.host.root), TABLES);
    const row = store.find('volume', 'kept', 'data') as Row<unknown, VolumeFacts>;
    await store.put({ ...row, facts: change(row.facts) as object as Record<string, unknown> });
  }

  async makeDue(): Promise<void> {
    await this.edit(({ due = {}, ...facts }) => {
      const task = due.backup;
      if (!task) throw new Error('no backup is to come');
      const next = Date.now() - 1000;
      return { ...facts, due: { ...due, backup: { ...task, next, since: next - 1000 } } };
    });
  }

  async ids(name = 'data'): Promise<string[]> {
    const found = JSON.parse(await this.stack.done('backup', 'list', '--json', name));
    return found.map((each: { id: string }) => each.id);
  }
}

it.skipIf(skip)(
  'volumes are backed up while they are used, and restored as they were',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile(host));
    const backups = new Backups(stack);
    await stack.apply();
    for (const name of ['data', 'sized']) await backups.fill(name);
    const before = [
      await backups.digest(backups.folder('data')),
      await backups.digest(backups.folder('sized')),
    ];
    expect(await stack.done('backup', 'run')).toMatch(
      /^volume\.data: backup \w{8} of .*\nvolume\.sized: backup \w{8} of .*\n$/,
    );
    const again = JSON.parse(await stack.done('backup', 'run', '--json', 'data'));
    expect(again.total).toBeGreaterThan(300_000);
    expect(again.added, 'what is there is not stored again').toBeLessThan(20_000);
    expect(await backups.ids()).toEqual([expect.any(String), again.id]);
    expect(await stack.plan()).toBe(NOTHING);
    expect(readdirSync(host.root)).not.toContain('scratch');

    for (const name of ['data', 'sized']) {
      const file = join(backups.folder(name), 'sub/random');
      await host.run('sh', ['-c', ': >"$1"; chmod 777 "$2"', 'sh', file, backups.folder(name)]);
    }
    expect(await stack.run('backup', 'restore', 'data')).toMatchObject({
      code: 1,
      stderr:
        'Error: cannot restore volume data: web runs and mounts it\n' +
        '  baleine stop web\n  baleine backup restore data\n  baleine start web\n',
    });
    await stack.done('stop', 'web');
    const [first = ''] = await backups.ids();
    await stack.done('backup', 'restore', 'data', first);
    await stack.done('backup', 'restore', 'sized');
    await stack.done('start', 'web');
    for (const [i, name] of ['data', 'sized'].entries()) {
      expect(await backups.digest(backups.folder(name))).toBe(before[i]);
    }
    expect(await stack.plan()).toBe(NOTHING);
    await stack.done('backup', 'restore', 'data', '--as', 'copy');
    expect(await backups.digest(join(host.root, 'volumes/-/copy'))).toBe(before[0]);
    const former = JSON.parse(await stack.done('volume', 'snapshots', '--json'));
    expect(former.map((each: { tag: string }) => each.tag)).toEqual([
      expect.stringMatching(/^before-restore-/),
      expect.stringMatching(/^before-restore-/),
    ]);
    for (const { volume, tag } of former) {
      await stack.done('volume', 'snapshots', 'rm', '--stack', 'kept', volume, tag);
    }
    await stack.done('volume', 'rm', 'copy');
    await stack.destroy();
    expect(existsSync(join(host.dir, 'repo/config')), 'a backup outlives its stack').toBe(true);
  }),
);

it.skipIf(skip)(
  'what is wrong is an error at plan, or leaves the volume and its backups as they are',
  inPrivateHost(async (host) => {
    const file = stackFile(host);
    const stack = new Stack(host, file);
    const backups = new Backups(stack);
    const place = /baleine\.yaml:\d+:\d+: /;
    rmSync(join(host.dir, 'pw'));
    expect((await stack.run('plan')).stderr).toMatch(
      new RegExp(`${place.source}cannot read ${host.dir}/pw: no such file`),
    );
    writeFileSync(join(host.dir, 'pw'), 'secret\n');
    const { data } = file.volumes;
    const withData = (backup: object) => {
      const changed = { ...data, backup: { ...data.backup, ...backup } };
      stack.write({ ...file, volumes: { ...file.volumes, data: changed } });
      return stack.run('plan');
    };
    expect((await withData({ repository: join(host.root, 'repo') })).stderr).toMatch(
      /baleine\.yaml:\d+:\d+: is below .*, which a backup is to outlive/,
    );
    expect((await withData({ repository: 'rest:https://me:secret@host/' })).stderr).toMatch(
      /baleine\.yaml:\d+:\d+: .*has a password in it/,
    );
    stack.write(file);
    await stack.apply();
    await backups.fill('data');
    const before = await backups.digest(backups.folder('data'));
    await stack.done('backup', 'run', 'data');

    writeFileSync(join(host.dir, 'pw'), 'wrong\n');
    for (const args of [['run'], ['list'], ['restore', '--as', 'copy'], ['check']]) {
      const [verb = '', ...rest] = args;
      expect(await stack.run('backup', verb, ...rest, 'data')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('wrong password or no key found'),
      });
    }
    writeFileSync(join(host.dir, 'pw'), 'secret\n');
    expect((await stack.run('backup', 'restore', '--as', 'copy', 'data', 'abcdef12')).stderr).toBe(
      'Error: cannot restore volume data as copy: it has no backup "abcdef12"\n' +
        '  baleine backup list shows what there is.\n',
    );
    expect((await stack.run('backup', 'restore', '--host', 'other', 'data')).code).toBe(1);

    await host.run('sh', [
      '-c',
      'for f in "$1"/data/*/*; do printf x | dd of="$f" bs=1 seek=20 conv=notrunc; done',
      'sh',
      join(host.dir, 'repo'),
    ]);
    expect((await stack.run('backup', 'check', '--read-data')).code).toBe(1);
    rmSync(join(host.dir, 'repo'), { recursive: true });
    expect((await stack.run('backup', 'run', 'data')).stderr).toMatch(
      /It existed at the last backup\. `baleine backup run --init` makes a new one there\./,
    );
    expect(existsSync(join(host.dir, 'repo'))).toBe(false);
    await stack.done('backup', 'run', '--init', 'data');
    expect(await backups.ids()).toHaveLength(1);
    expect(await backups.digest(backups.folder('data'))).toBe(before);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it.skipIf(skip)(
  'a due backup is made beside the apply that starts it; a failure is mailed once',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile(host, { schedule: '0 3 1 1 *', keep: { last: 2 } }));
    const backups = new Backups(stack);
    expect(await stack.plan()).toMatch(/first backup at \d{4}-01-01 03:00:00/);
    await stack.apply();
    await backups.fill('data');
    const next = async () => (await backups.facts()).due?.backup?.next;
    const scheduled = await next();
    const ended = async (last?: string) => {
      await expect
        .poll(async () => {
          const { running, last: now } = await backups.backup();
          return running === undefined && now !== undefined && now.id !== last;
        })
        .toBe(true);
      return (await backups.backup()).last?.id ?? '';
    };
    let last: string | undefined;
    const all: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      await backups.makeDue();
      expect(await backups.tick()).toEqual(SILENT);
      last = await ended(last);
      all.push(last);
    }
    expect(await backups.ids(), 'the last two').toEqual(all.slice(1));
    expect(await next()).toBe(scheduled);
    expect(await backups.tick()).toEqual(SILENT);

    writeFileSync(join(host.dir, 'pw'), 'wrong\n');
    await backups.makeDue();
    expect(await backups.tick()).toEqual(SILENT);
    const failure = async () => (await backups.facts()).due?.backup?.failure;
    await expect.poll(failure).toMatch(/wrong password/);
    expect(await backups.tick()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^Error: volume\.data: its last backup failed: .*wrong password/,
      ),
    });
    expect(await backups.tick()).toEqual({ code: 1, stdout: '', stderr: '' });
    const events = (await stack.done('events', '--json')).trim().split('\n');
    expect(events.map((line) => JSON.parse(line)).filter(isBackup)).toMatchObject([
      ...all.map((id) => ({ address: 'volume.data', result: 'done', reasons: [`backup ${id}`] })),
      { result: 'failed', error: expect.stringMatching(/wrong password/) },
    ]);
    writeFileSync(join(host.dir, 'pw'), 'secret\n');
    await backups.makeDue();
    await backups.tick();
    last = await ended(last);
    expect(await backups.tick()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/recovered/),
    });

    // a host that went down in the middle
    await backups.edit((facts) => ({
      ...facts,
      backup: {
        ...facts.backup,
        running: { pid: 1, start_time: 1, boot_id: 'another', since: '2026-01-01T00:00:00.000Z' },
      },
    }));
    await backups.makeDue();
    expect((await backups.tick()).stderr).toMatch(/that began at 2026-01-01T\S* was cut off/);
    await backups.makeDue();
    await backups.tick();
    await ended(last);
    expect((await backups.tick()).stdout).toMatch(/recovered/);
    await stack.destroy();
  }),
);

it.skipIf(skipServer)(
  'a repository behind a server, its password and address in files',
  inPrivateHost(async (host) => {
    const port = 8123;
    writeFileSync(join(host.dir, 'where'), `rest:http://me:Xk3vQ9@127.0.0.1:${port}/kept\n`);
    writeFileSync(join(host.dir, 'env'), `RESTIC_CACHE_DIR=${join(host.dir, 'cache')}\n`);
    const access = { repository: { file: './where' }, env_file: './env' };
    const stack = new Stack(host, stackFile(host, access));
    const backups = new Backups(stack);
    expect(await stack.plan()).not.toMatch(/Xk3vQ9|secret/);
    await stack.apply();
    await backups.fill('data');
    const before = await backups.digest(backups.folder('data'));
    expect((await stack.run('backup', 'run', 'data')).stderr).toMatch(/connection refused/);
    const words = ['serve', 'restic', '--config=', '--user=me', '--pass=Xk3vQ9'];
    // the server itself answers to restic alone
    const metrics = ['--rc', `--rc-addr=127.0.0.1:${port + 1}`, '--rc-enable-metrics'];
    const stop = await serving(host, `http://127.0.0.1:${port + 1}/metrics`, [
      'rclone',
      ...words,
      ...metrics,
      `--addr=127.0.0.1:${port}`,
      join(host.dir, 'served'),
    ]);
    try {
      await stack.done('backup', 'run', 'data');
      await stack.done('backup', 'restore', 'data', '--as', 'copy');
      expect(await backups.digest(join(host.root, 'volumes/-/copy'))).toBe(before);
      expect(await stack.done('backup', 'check', 'data')).toMatch(/: no errors\n$/);
      const state = await host.run('grep', ['-rl', 'Xk3vQ9', host.root], { reject: false });
      expect(state.stdout).toBe('');
    } finally {
      await stop();
    }
    await stack.done('volume', 'rm', 'copy');
    await stack.destroy();
  }),
);

it.skipIf(skip)(
  'SIGKILL in the middle of a backup leaves nothing, and no half of one',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile(host));
    const backups = new Backups(stack);
    const cutOff = new CutOff(host);
    await stack.apply();
    for (const name of ['data', 'sized']) await backups.fill(name);
    const before = await Promise.all(
      ['data', 'sized'].map((name) => backups.digest(backups.folder(name))),
    );
    await stack.done('backup', 'run');
    for (const [i, name] of ['data', 'sized'].entries()) {
      const run = ['--file', stack.file, 'backup', 'run', name];
      const effects = await cutOff.effects(run);
      for (const point of spread(effects, 3, i + 1)) {
        await cutOff.at(run, point, 'SIGKILL');
        await stack.done('apply', '-y');
        expect(readdirSync(host.root), point).not.toContain('scratch');
        expect(await stack.plan(), point).toBe(NOTHING);
        await stack.done('backup', 'run', name);
        expect((await backups.backup(name)).running, point).toBeUndefined();
      }
      await stack.done('backup', 'check', name);
      expect(await backups.digest(backups.folder(name))).toBe(before[i]);
      for (const id of (await backups.ids(name)).slice(-2)) {
        await stack.done('backup', 'restore', name, id, '--as', 'copy');
        expect(await backups.digest(join(host.root, 'volumes/-/copy')), id).toBe(before[i]);
        await stack.done('volume', 'rm', 'copy');
      }
    }
    await stack.destroy();
  }),
  300_000,
);
