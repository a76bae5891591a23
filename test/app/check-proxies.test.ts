import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { checkProxies } from '../../src/app/check-proxies.js';
import type { Context } from '../../src/app/context.js';
import { ownerMark } from '../../src/host/linux/owner.js';
import type { Config } from '../../src/model/config.js';
import type { Plan } from '../../src/model/plan.js';
import type { Resource, Row } from '../../src/model/resource.js';

const dir = mkdtempSync(join(tmpdir(), 'check-proxies-'));
afterAll(() => rmSync(dir, { recursive: true }));

afterEach(() => {
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
});

/** The files in the folder when HAProxy was asked, and its answer. */
async function check(code: number, output: string): Promise<{ seen: string[]; asked: string[] }> {
  const found: { seen: string[]; asked: string[] } = { seen: [], asked: [] };
  const host = {
    files: {
      write: (path: string, text: string) => writeFile(path, text),
      remove: (path: string) => rm(path, { force: true }),
    },
    runtime: {
      execute: async (_: string, args: string[]) => {
        found.seen = readdirSync(dir).sort();
        found.asked = args;
        return { code, output: output.replace('FILE', args.at(-1) ?? '') };
      },
    },
  };
  const context = { host: async () => host } as unknown as Context;
  const spec = { dir, file: 'haproxy.cfg', text: 'before' };
  const resource = { kind: 'config', name: 'shop', address: 'config.shop', entry: ['farms'], spec };
  const args = {
    ...spec,
    text: 'after',
    reader: { id: 's.shop-proxy', check: ['haproxy', '-c', '-f', '/etc/baleine/haproxy.cfg.next'] },
  };
  const steps = [{ verb: 'config.write', args, reason: '' }];
  const unit = { kind: 'config', name: 'shop', address: 'config.shop', mode: 'put', steps };
  await checkProxies(
    context,
    { units: [unit] } as unknown as Plan,
    {
      resources: [resource as unknown as Resource],
      rows: [resource as unknown as Row],
      config: { farms: {} } as Config,
    },
    () => 'baleine.yaml:7:1',
  );
  return found;
}

it('removes check files of killed plans, and not those of plans that still run', async () => {
  const running = `.haproxy.cfg.plan-${ownerMark()}`.replace(/-$/, '-other');
  const killed = ['.haproxy.cfg.plan-1-1-', '..haproxy.cfg.plan-4194305-77-.tmp'];
  for (const name of ['haproxy.cfg', running, ...killed]) writeFileSync(join(dir, name), '');
  const { seen, asked } = await check(0, '');
  const own = asked.at(-1)?.split('/').at(-1);
  expect(seen).toEqual([own, running, 'haproxy.cfg'].sort());
  expect(readdirSync(dir).sort()).toEqual([running, 'haproxy.cfg'].sort());
});

it('leaves no check file behind when the proxy refuses the text, and names the real one', async () => {
  writeFileSync(join(dir, 'haproxy.cfg'), '');
  await expect(check(1, '[ALERT] FILE:3: unknown keyword')).rejects.toThrow(
    /^baleine\.yaml:7:1: the proxy refuses its new configuration:\n.*\/haproxy\.cfg:3: unknown keyword/s,
  );
  expect(readdirSync(dir)).toEqual(['haproxy.cfg']);
});
