import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootId, startTime } from '../../../../src/host/linux/process/processes.js';
import { readLog } from '../../../../src/host/linux/runtime/logs.js';
import { bundleDir, type InstallPaths, logFile } from '../../../../src/model/install-paths.js';

let paths: InstallPaths;
let file: string;
const ID = 'shop.web';

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'logs-'));
  paths = { root, run: join(root, 'run'), tag: 'x' };
  file = logFile(paths, ID);
  mkdirSync(dirname(file));
});
afterEach(() => rmSync(paths.root, { recursive: true }));

const line = (text: string, stream = 'stdout', tag = 'F') =>
  `2026-01-01T00:00:00.1+00:00 ${stream} ${tag} ${text}\n`;

/** Each line, preceded by its stream. */
async function texts(options?: Parameters<typeof readLog>[2]): Promise<string[]> {
  const found: string[] = [];
  const begun = { stdout: '', stderr: '' };
  for await (const parts of readLog(paths, ID, options)) {
    for (const { stream, bytes, isStart, isEnd } of parts) {
      if (isStart) begun[stream] = '';
      begun[stream] += bytes.toString('latin1');
      if (isEnd) found.push(`${stream} ${begun[stream]}`);
    }
  }
  return found;
}

/** Records this process as the container's conmon, until `end`. */
function monitored(): { end: () => void } {
  const self = { pid: process.pid, start_time: startTime(process.pid), boot_id: bootId() };
  const started = join(bundleDir(paths, ID), 'started.json');
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

  it('ends with what there was at its start, however fast the log grows', async () => {
    const old = line('old '.repeat(1000)).repeat(500);
    writeFileSync(file, old);
    let batches = 0;
    let found = 0;
    for await (const parts of readLog(paths, ID)) {
      appendFileSync(file, old);
      found += parts.length;
      batches += 1;
      if (batches === 2) {
        // conmon does the same
        writeFileSync(`${file}.tmp`, old);
        renameSync(`${file}.tmp`, file);
      }
      if (batches > 20) break;
    }
    expect(batches).toBeGreaterThan(2);
    expect(found).toBe(500);
  });

  it('returns the last lines only', async () => {
    writeFileSync(file, ['1', '2', '3'].map((text) => line(text)).join(''));
    expect(await texts({ last: 2 })).toEqual(['stdout 2', 'stdout 3']);
    expect(await texts({ last: 9 })).toHaveLength(3);
  });

  it('returns lines that began in a period, and the last of them', async () => {
    const at = (second: number, text: string, stream = 'stdout', tag = 'F') =>
      line(text, stream, tag).replace('00:00.1+00:00', `00:0${second}.5+00:00`);
    writeFileSync(
      file,
      at(1, '1') +
        at(2, '2 ', 'stdout', 'P') +
        at(3, 'err', 'stderr') +
        at(4, 'end of 2') +
        at(5, '5') +
        at(6, '6'),
    );
    const second = (number: number) => Date.parse(`2026-01-01T00:00:0${number}.000Z`);
    expect(await texts({ since: second(3) })).toEqual(['stderr err', 'stdout 5', 'stdout 6']);
    expect(await texts({ until: second(3) })).toEqual(['stdout 1', 'stdout 2 end of 2']);
    expect(await texts({ since: second(2), until: second(6), last: 2 })).toEqual([
      'stderr err',
      'stdout 5',
    ]);
    expect(await texts({ until: second(6), last: 9 })).toHaveLength(4);
    expect(await texts({ since: second(6), last: 3 })).toEqual(['stdout 6']);
  });

  it('reads a log of many chunks', async () => {
    writeFileSync(file, Array.from({ length: 20_000 }, (_, index) => line(`é${index}`)).join(''));
    const found = await texts();
    expect(found).toHaveLength(20_000);
    expect(found.at(-1)).toBe(`stdout ${Buffer.from('é19999').toString('latin1')}`);
  });

  it('follows across a new and a truncated file, until conmon has ended', async () => {
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

  it('returns the last lines of both streams completely, however long and mixed', async () => {
    const [half, other] = ['a', 'b'].map((each) => each.repeat(8000)) as [string, string];
    writeFileSync(
      file,
      line('old', 'stderr') +
        line(`${half}1`, 'stdout', 'P') +
        line('early', 'stderr') +
        line(half, 'stdout', 'P').repeat(200) +
        line('late', 'stderr', 'P') +
        line('end') +
        line(other, 'stdout', 'P'),
    );
    const long = `stdout ${half}1${half.repeat(200)}end`;
    expect(await texts({ last: 0 })).toEqual([]);
    expect(await texts({ last: 1 })).toEqual([`stdout ${other}`]);
    expect((await texts({ last: 2 })).sort()).toEqual([long, `stdout ${other}`]);
    expect((await texts({ last: 3 })).sort()).toEqual(['stderr late', long, `stdout ${other}`]);
    expect(await texts({ last: 4 })).toHaveLength(4);
    expect(await texts({ last: 4 })).toContain('stderr early');
  });

  it('returns the same last lines as a reader of everything', async () => {
    const records = Array.from({ length: 900 }, (_, index) => {
      const stream = index % 7 < 3 ? 'stderr' : 'stdout';
      return line(
        `${index} ${'x'.repeat((index * 37) % 900)}`,
        stream,
        index % 5 === 1 ? 'P' : 'F',
      );
    });
    writeFileSync(file, records.join(''));
    const all = await texts();
    for (const last of [1, 2, 3, 5, 8, 100, 500, 800]) {
      expect((await texts({ last })).sort()).toEqual(all.slice(-last).sort());
    }
  });

  it('keeps invalid UTF-8, and skips incomplete records of conmon', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x1b]);
    const record = Buffer.concat([Buffer.from('2026-01-01T00:00:00Z stdout F '), bytes]);
    const junk = Buffer.alloc(3 * 1024 * 1024, 'x');
    const newline = Buffer.from('\n');
    writeFileSync(file, Buffer.concat([junk, newline, record, newline, junk, newline]));
    expect(await texts()).toEqual([`stdout ${bytes.toString('latin1')}`]);
    expect(await texts({ last: 1 })).toEqual([`stdout ${bytes.toString('latin1')}`]);
  });

  it('returns an endless line in pieces of bounded size', async () => {
    writeFileSync(file, line('x'.repeat(8000), 'stdout', 'P').repeat(4000));
    let [size, largest] = [0, 0];
    for await (const parts of readLog(paths, ID)) {
      const length = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
      size += length;
      largest = Math.max(largest, length);
    }
    expect(size).toBe(8000 * 4000);
    expect(largest).toBeLessThan(300 * 1024);
  });

  it('loses nothing when files rotate while it waits for its reader', async () => {
    writeFileSync(file, line('0'));
    const { end } = monitored();
    const found: string[] = [];
    let gaps = 0;
    const options = { follow: true, onGap: () => (gaps += 1) };
    for await (const parts of readLog(paths, ID, options)) {
      found.push(...parts.map(({ bytes }) => bytes.toString()));
      if (found.length > 1) continue;
      for (let index = 1; index <= 10; index += 1) {
        writeFileSync(`${file}.tmp`, line(`${index}`));
        renameSync(`${file}.tmp`, file);
        // enough for a reader on a busy machine to see each
        await sleep(30);
      }
      end();
    }
    expect(found).toEqual(Array.from({ length: 11 }, (_, index) => `${index}`));
    expect(gaps).toBe(0);
  });

  it('reports rotations that it missed', async () => {
    writeFileSync(file, line('0'));
    const { end } = monitored();
    const found: string[] = [];
    const options = { follow: true, onGap: () => found.push('gap') };
    for await (const parts of readLog(paths, ID, options)) {
      found.push(...parts.map(({ bytes }) => bytes.toString()));
      if (found.length > 1) continue;
      // without a pause, so that the reader cannot see each file
      for (let index = 1; index <= 3; index += 1) {
        writeFileSync(`${file}.tmp`, line(`${index}`));
        renameSync(`${file}.tmp`, file);
      }
      await sleep(200);
      end();
    }
    expect(found).toEqual(['0', 'gap', '3']);
  });

  it('reports a missing log', async () => {
    await expect(texts()).rejects.toThrow('cannot show the log of shop.web: there is none');
  });
});
