import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, startTime } from '../../../../src/host/linux/processes.js';
import { readLog } from '../../../../src/host/linux/runtime/logs.js';
import { bundleDir, logFile, type Site } from '../../../../src/model/site.js';

let site: Site;
let file: string;
const ID = 'shop.web';

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'logs-'));
  site = { root, run: join(root, 'run'), tag: 'x' };
  file = logFile(site, ID);
  mkdirSync(dirname(file));
});
afterEach(() => rmSync(site.root, { recursive: true }));

const line = (text: string, stream = 'stdout', tag = 'F') =>
  `2026-01-01T00:00:00.1+00:00 ${stream} ${tag} ${text}\n`;

async function texts(options?: Parameters<typeof readLog>[2]): Promise<string[]> {
  const found: string[] = [];
  for await (const { stream, text } of readLog(site, ID, options)) found.push(`${stream} ${text}`);
  return found;
}

/** As if this very process were the container's conmon, until `end`. */
function monitored(): { end: () => void } {
  const self = { pid: process.pid, start_time: startTime(process.pid), boot_id: bootId() };
  const started = join(bundleDir(site, ID), 'started.json');
  mkdirSync(dirname(started), { recursive: true });
  writeFileSync(started, JSON.stringify({ ...self, monitor: self }));
  return { end: () => rmSync(started) };
}

describe('readLog', () => {
  it('splits streams, joins parts, keeps blanks, and shows an unfinished line', async () => {
    writeFileSync(
      file,
      line('a', 'stdout', 'P') +
        line('err', 'stderr') +
        line('b') +
        line(' two  blanks ') +
        line('') +
        line('open', 'stdout', 'P') +
        'half a li',
    );
    expect(await texts()).toEqual([
      'stderr err',
      'stdout ab',
      'stdout  two  blanks ',
      'stdout ',
      'stdout open',
    ]);
  });

  it('gives the last lines only', async () => {
    writeFileSync(file, ['1', '2', '3'].map((text) => line(text)).join(''));
    expect(await texts({ last: 2 })).toEqual(['stdout 2', 'stdout 3']);
    expect(await texts({ last: 9 })).toHaveLength(3);
  });

  it('reads a log of many chunks', async () => {
    writeFileSync(file, Array.from({ length: 20_000 }, (_, index) => line(`é${index}`)).join(''));
    const found = await texts();
    expect(found).toHaveLength(20_000);
    expect(found.at(-1)).toBe('stdout é19999');
  });

  it('follows over a new file and a cut one, until conmon has ended', async () => {
    writeFileSync(file, line('one'));
    const { end } = monitored();
    const following = texts({ follow: true });
    await sleep(150);
    appendFileSync(file, line('two'));
    await sleep(150);
    writeFileSync(`${file}.tmp`, line('three'));
    renameSync(`${file}.tmp`, file);
    await sleep(150);
    writeFileSync(file, line('4'));
    await sleep(150);
    appendFileSync(file, line('five'));
    end();
    expect(await following).toEqual(
      ['one', 'two', 'three', '4', 'five'].map((text) => `stdout ${text}`),
    );
  });

  it('says so when there is none', async () => {
    await expect(texts()).rejects.toThrow('cannot show the log of shop.web: there is none');
  });
});
