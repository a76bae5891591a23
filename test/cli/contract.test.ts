import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holdLock } from '../support/lock-holder.js';
import { lackingRoot } from '../support/skip.js';
import { Built } from './built.js';

/** A stack that touches nothing but folders below its root. */
const STACK = 'name: shop\nvolumes: { data: {}, logs: {} }\n';
const NOTHING = 'No changes. Your infrastructure matches the configuration.\n';

const skip = lackingRoot();
const built = new Built();
beforeAll(() => built.build());
afterAll(() => built.remove());

const baleine = (...args: string[]) => built.baleine(args);

describe.skipIf(skip)('a stack on a fake host', () => {
  beforeAll(() => {
    built.write('baleine.yaml', STACK);
  });
  afterEach(async () => {
    built.write('baleine.yaml', STACK);
    expect((await baleine('destroy', '-y', '--volumes', '--stack', 'shop')).code).toBe(0);
    built.forget();
  });

  it('plans and leaves no trace', async () => {
    const { code, stdout, stderr } = await baleine('plan');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('  # volume.data will be created (new)\n');
    expect(stdout).toMatch(/\n\nPlan: 2 to add, 0 to change, 0 to destroy\.\n$/);
    expect(existsSync(built.root)).toBe(false);
  });

  it('distinguishes changes, none and errors by --detailed-exitcode', async () => {
    expect((await baleine('plan', '--detailed-exitcode')).code).toBe(2);
    expect((await baleine('apply', '-y')).code).toBe(0);
    expect(await baleine('plan', '--detailed-exitcode')).toEqual({
      code: 0,
      stdout: NOTHING,
      stderr: '',
    });
    built.write('baleine.yaml', 'name: shop\nvolume: {}\n');
    expect((await baleine('plan', '--detailed-exitcode')).code).toBe(1);
  });

  it('applies once, then has nothing to do and writes nothing', async () => {
    const first = await baleine('apply', '-y');
    expect(first.stdout).toMatch(/Apply complete! Resources: 2 added, 0 changed, 0 destroyed\.\n$/);
    expect(first.stderr).toContain('volume.data: created (');
    const look = () =>
      ['', ...readdirSync(built.root)].map((name) => {
        const { ino, mtimeNs, ctimeNs } = statSync(join(built.root, name), { bigint: true });
        return `${name} ${ino} ${mtimeNs} ${ctimeNs}`;
      });
    const before = look();
    expect(await baleine('apply', '-y')).toEqual({ code: 0, stdout: NOTHING, stderr: '' });
    expect(await baleine('apply', '-y', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(look()).toEqual(before);
  });

  it('reports changes by --quiet', async () => {
    expect(await baleine('apply', '-y', '--quiet')).toEqual({
      code: 0,
      stdout: 'baleine shop:\n  volume.data created: new\n  volume.logs created: new\n',
      stderr: '',
    });
  });

  it('reports an unattended failure once, and its end once', async () => {
    const quiet = () => baleine('apply', '-y', '--quiet');
    const cause = 'name: shop\nvolumes: { data: { size: 3 } }\n';
    built.write('baleine.yaml', cause);
    const first = await quiet();
    expect(first).toMatchObject({ code: 1, stdout: '' });
    expect(first.stderr).toMatch(/^Error: .*baleine\.yaml/);
    expect(await quiet()).toEqual({ code: 1, stdout: '', stderr: '' });
    built.write('baleine.yaml', 'name: shop\nvolumess: {}\n');
    expect((await quiet()).stderr).toContain('volumess');
    expect(await quiet()).toEqual({ code: 1, stdout: '', stderr: '' });
    built.write('baleine.yaml', STACK);
    expect((await quiet()).stdout).toMatch(
      /volume.logs created: new\nbaleine: \S+baleine.yaml recovered, after failing since \S+Z\n$/,
    );
    expect(await quiet()).toEqual({ code: 0, stdout: '', stderr: '' });
  }, 30_000);

  it('does not report a recovery while another run has the lock', async () => {
    built.write('baleine.yaml', 'name: shop\nvolumess: {}\n');
    await baleine('apply', '-y', '--quiet');
    built.write('baleine.yaml', STACK);
    mkdirSync(built.root);
    const lock = join(built.root, '.lock');
    const holder = await holdLock(lock);
    const skipped = await baleine('apply', '-y', '--quiet', '--lock-skip');
    holder.stdin.end();
    await once(holder, 'exit');
    expect(skipped).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await baleine('apply', '-y', '--quiet')).stdout).toContain(' recovered, ');
  }, 30_000);

  it('logs who did what and why, and nothing without changes', async () => {
    await baleine('apply', '-y', '--parallelism', '1');
    await baleine('apply', '-y');
    rmSync(join(built.root, 'volumes', 'shop', 'logs'), { recursive: true });
    await baleine('apply', '-y', '--quiet');
    const lines = (await baleine('events', '--json')).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { stack: 'shop', address: 'volume.data', action: 'create', reasons: ['new'], result: 'done' },
      { stack: 'shop', address: 'volume.logs', action: 'create', drift: false },
      { address: 'volume.logs', drift: true, reasons: ['lost: it is gone from the host'] },
    ]);
    const { stdout } = await baleine('events', '-n', '1');
    expect(stdout).toMatch(
      /^\d{4}-\d\d-\d\d [\d:]{8} {2}root.* {2}shop\/volume.logs create, healed: lost/,
    );
  }, 30_000);

  it('streams JSON and nothing else', async () => {
    const { stdout, stderr } = await baleine('apply', '-y', '--json');
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types.slice(0, 4)).toEqual(['change', 'change', 'plan', 'plan-started']);
    expect(types.at(-1)).toBe('finished');
    expect(stderr).toBe('');
  });

  it.each([[['apply']], [['apply', '--quiet']], [['apply', '--json']]])(
    'does nothing for %j without a terminal for the prompt',
    async (args) => {
      const { code, stderr } = await baleine(...args);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: cannot ask for approval.*\n {2}Give -y /);
      expect(existsSync(built.root)).toBe(false);
    },
  );

  it.each([
    ['yes', 0, 'Apply complete! Resources: 2 added'],
    ['y', 1, 'Apply cancelled.'],
    ['', 1, 'Apply cancelled.'],
  ])('prompts on a terminal; %j exits with %d', async (answer, code, end) => {
    const line = `${process.execPath} ${built.main} apply`;
    const input = `${answer}\n`;
    const ran = await built.run('script', ['-qefc', line, '/dev/null'], { input });
    expect(ran.stdout).toContain("Only 'yes' will be accepted:");
    expect(ran.stdout).toContain(end);
    expect(ran.code).toBe(code);
    expect(existsSync(built.root)).toBe(code === 0);
  });

  it('colors a terminal, except with NO_COLOR or --no-color', async () => {
    const line = `${process.execPath} ${built.main} plan`;
    const see = async (command: string, env = {}) =>
      (await built.run('script', ['-qefc', command, '/dev/null'], { env })).stdout;
    expect(await see(line)).toContain('\x1b[32m+\x1b[0m volume.data');
    expect(await see(line, { NO_COLOR: '1' })).not.toContain('\x1b[');
    expect(await see(`${line} --no-color`)).not.toContain('\x1b[');
  });

  it('limits itself to targets', async () => {
    const { stdout } = await baleine('apply', '-y', '--target', 'volume.logs');
    expect(stdout).toContain('Resources: 1 added');
    expect((await baleine('plan')).stdout).toContain('Plan: 1 to add');
  });

  it('accepts the common options before and after the command', async () => {
    const file = built.write('other.yaml', 'name: shop\nvolumes: { x: {} }\n');
    for (const args of [
      ['-f', file, 'plan'],
      ['plan', '-f', file],
      ['--file', file, 'plan'],
    ]) {
      expect((await baleine(...args)).stdout).toContain('volume.x will be created');
    }
    const root = built.path('elsewhere');
    expect((await baleine('plan', '--root', root)).stdout).toContain(`path: ${root}/volumes/shop`);
  });

  it('reads the stack from standard input', async () => {
    const { stdout } = await built.baleine(['-f', '-', 'plan'], { input: STACK });
    expect(stdout).toContain('Plan: 2 to add');
  });

  it('reports a missing file, and how to name another', async () => {
    const { code, stderr } = await baleine('plan', '-f', 'nope.yaml');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^Error: cannot read nope.yaml: no such file\n {2}.*-f FILE/),
    });
  });

  it('ends silently when its reader is gone', async () => {
    const command = `${process.execPath} ${built.main} plan | (exec <&-; sleep 1); echo $PIPESTATUS`;
    const { stdout, stderr } = await built.run('bash', ['--norc', '-c', command]);
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });

  it('destroys from the state, without a file', async () => {
    await baleine('apply', '-y');
    built.write('baleine.yaml', 'name: shop\n');
    const { code, stdout } = await baleine('destroy', '-y', '--volumes');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Destroy complete! Resources: 2 destroyed\.\n$/);
    built.forget();
    expect((await baleine('destroy', '--stack', 'shop')).stdout).toBe(
      'No objects need to be destroyed.\n',
    );
    expect((await baleine('destroy', '--stack', '../x')).code).toBe(1);
  });

  it('keeps the data of a destroyed stack, reports its size, and reuses it at the next apply', async () => {
    await baleine('apply', '-y');
    const note = join(built.root, 'volumes/shop/data/note');
    writeFileSync(note, 'mine\n');
    const kept = 'volume.data is kept with its data (1 file, 5B); --volumes removes it too';
    const { code, stdout } = await baleine('destroy', '-y');
    expect({ code, kept: stdout.includes(kept) }).toEqual({ code: 0, kept: true });
    expect((await baleine('volume', 'list')).stdout).toMatch(/^data +shop +unused/m);
    await baleine('apply', '-y');
    expect(readFileSync(note, 'utf8')).toBe('mine\n');
    expect((await baleine('plan', '--destroy', '--volumes')).stdout).toContain(
      'volume.data will be destroyed (asked to be destroyed: 1 file, 5B will be lost)',
    );
  }, 30_000);

  it('keeps a volume that left the file until it is removed by name', async () => {
    await baleine('apply', '-y');
    writeFileSync(join(built.root, 'volumes/shop/data/note'), 'mine\n');
    built.write('baleine.yaml', 'name: shop\nvolumes: { logs: {} }\n');
    for (const words of [['apply', '-y'], ['apply', '-y'], ['plan']]) {
      expect((await baleine(...words)).stdout).toContain(
        'volume.data is no longer in the file; its data is kept until: baleine volume rm --stack shop data\n',
      );
    }
    expect(await baleine('apply', '-y', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await baleine('volume', 'rm', 'logs')).stderr).toContain(
      'is in the file of stack shop',
    );
    expect((await baleine('volume', 'prune')).stdout).toBe('');
    expect((await baleine('volume', 'prune', '--all')).stderr).toContain('cannot ask for approval');
    expect(readdirSync(join(built.root, 'volumes/shop')).sort()).toEqual(['data', 'logs']);
    expect((await baleine('volume', 'rm', 'data')).stdout).toBe('volume.data destroyed\n');
    expect(readdirSync(join(built.root, 'volumes/shop'))).toEqual(['logs']);
  }, 60_000);

  it('prompts with name and size before data is lost', async () => {
    await baleine('apply', '-y');
    writeFileSync(join(built.root, 'volumes/shop/data/note'), 'mine\n');
    const line = `${process.execPath} ${built.main} destroy --volumes`;
    const ran = await built.run('script', ['-qefc', line, '/dev/null'], { input: 'no\n' });
    expect(ran.stdout.replaceAll('\r', '')).toContain(
      'destroy all this?\n  volume.data: 1 file, 5B will be lost\n  volume.logs: 0 files, 0B will be lost\n  Only',
    );
    expect(existsSync(join(built.root, 'volumes/shop/data/note'))).toBe(true);
    expect(existsSync(join(built.root, 'destroyed.csv'))).toBe(false);
  });

  it.each([
    ['', ['--file', 'baleine.yaml']],
    ['its file was moved', ['--file', 'moved.yaml']],
    [
      'its stack was renamed in the file',
      ['--file', 'baleine.yaml'],
      'name: store\nvolumes: { data: {} }\n',
    ],
  ])(
    'is not recreated by cron after destroy, but by a user; %s',
    async (_why, file, text = STACK) => {
      await baleine('apply', '-y');
      await baleine('destroy', '-y', '--volumes');
      built.write('moved.yaml', text);
      built.write('baleine.yaml', text);
      const cron = ['apply', '--quiet', '--auto-approve', '--lock-timeout', '50s', '--lock-skip'];
      const first = await baleine(...file, ...cron);
      expect(first).toMatchObject({ code: 1, stdout: '' });
      expect(first.stderr).toMatch(
        /^Error: cannot apply stack \w+ unattended: it was destroyed at 2\S+Z\n/,
      );
      // reported once, like every failure
      expect(await baleine(...file, ...cron)).toEqual({ code: 1, stdout: '', stderr: '' });
      expect((await baleine(...file, 'apply', '-y', '--lock-skip')).code).toBe(1);
      expect(readdirSync(built.root)).toEqual(['destroyed.csv']);
      expect((await baleine(...file, 'apply', '-y')).code).toBe(0);
      expect(existsSync(join(built.root, 'destroyed.csv'))).toBe(false);
      expect((await baleine(...file, ...cron)).code).toBe(0);
      await baleine(...file, 'destroy', '-y', '--volumes');
    },
    60_000,
  );

  it('is healed by cron if only a part was destroyed', async () => {
    await baleine('apply', '-y');
    await baleine('destroy', '-y', '--volumes', '--target', 'volume.data');
    expect((await baleine('apply', '-y', '--quiet')).stdout).toContain('volume.data created');
  });

  it('waits for, skips or reports another run', async () => {
    mkdirSync(built.root, { mode: 0o700 });
    const lock = join(built.root, '.lock');
    const holder = await holdLock(lock);
    const locked = await baleine('apply', '-y');
    expect(locked.code).toBe(75);
    expect(locked.stderr).toMatch(/^Error: cannot lock .*pid \d+/);
    expect(await baleine('apply', '-y', '--lock-skip')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const waiting = baleine('apply', '-y', '--lock-timeout', '30s');
    setTimeout(() => holder.stdin.end(), 500);
    expect((await waiting).code).toBe(0);
  });

  it('lists nothing without containers', async () => {
    expect((await baleine('ps')).stdout).toBe(
      'NAME  IMAGE  STATUS  UPTIME  ADDRESSES  LIMITS  RESTARTS  HEALTH\n',
    );
    expect((await baleine('ps', '--json')).stdout).toBe('[]\n');
    expect(await baleine('ps', '-q', '--all-stacks')).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe.skipIf(skip)('a saved plan', () => {
  const file = built.path('today.plan');
  beforeAll(() => {
    built.write('baleine.yaml', STACK);
  });
  afterEach(async () => {
    built.write('baleine.yaml', STACK);
    await baleine('destroy', '-y', '--volumes');
    built.forget();
  });
  const refuses = async (reason: string) => {
    const { code, stdout, stderr } = await baleine('apply', file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(reason);
  };

  it('is applied without a prompt, by its owner only', async () => {
    await baleine('plan', '--out', file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { code, stdout } = await baleine('apply', file);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('Resources: 2 added'),
    });
    await refuses('something was applied since it was made');
  });

  it('is refused once the file has changed', async () => {
    await baleine('plan', '--out', file);
    built.write('baleine.yaml', `${STACK}# a word\n`);
    await refuses('baleine.yaml has changed since it was made');
    expect(existsSync(built.root)).toBe(false);
  });

  it('is refused for another root', async () => {
    await baleine('plan', '--out', file, '--root', built.path('elsewhere'));
    await refuses(`it was made for ${built.path('elsewhere')}`);
  });

  it('is refused when others could have written it', async () => {
    await baleine('plan', '--out', file);
    chmodSync(file, 0o620);
    await refuses('others than root could have written it');
  });

  it.each([
    ['no JSON', 'it is no plan'],
    ['{"format":"baleine plan 99"}', 'it is not a plan of this version'],
    ['[]', 'it is not a plan of this version'],
  ])('is refused when it is %s', async (text, reason) => {
    built.write('today.plan', text);
    chmodSync(file, 0o600);
    await refuses(reason);
  });

  it('cannot be changed, or made from standard input', async () => {
    await baleine('plan', '--out', file);
    const changed = await baleine('apply', file, '--target', 'volume.data');
    expect(changed.stderr).toContain('cannot change a saved plan');
    const piped = await built.baleine(['plan', '-f', '-', '--out', file], { input: STACK });
    expect(piped.stderr).toContain('cannot save a plan made from standard input');
    expect(readFileSync(file, 'utf8')).toContain('"baleine plan 1"');
  });

  it('can be one to destroy', async () => {
    await baleine('apply', '-y');
    expect((await baleine('plan', '--destroy', '--volumes', '--out', file)).stdout).toContain(
      'Plan: 0 to add, 0 to change, 2 to destroy.',
    );
    expect((await baleine('apply', file)).stdout).toContain('Destroy complete!');
    built.forget();
  });
});
