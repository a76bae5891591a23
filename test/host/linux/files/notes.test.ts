import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  dropNote,
  hasAbandonedNotes,
  sweepNotes,
  writeNote,
} from '../../../../src/host/linux/files/notes.js';
import { ownerMark } from '../../../../src/host/linux/owner.js';

let dir: string;
let notes: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'notes-'));
  notes = join(dir, 'run', 'holds');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const GONE = '4194305-77-shop.web';

it('keeps the folder only while it contains notes', () => {
  const one = writeNote(notes, `${ownerMark()}one`, '1');
  const two = writeNote(notes, `${ownerMark()}two`, '2');
  expect(hasAbandonedNotes(notes)).toBe(false);
  dropNote(one);
  expect(readdirSync(notes)).toHaveLength(1);
  dropNote(two);
  expect(existsSync(notes)).toBe(false);
});

it('undoes the notes of killed runs, and leaves those of others', async () => {
  writeNote(notes, `${ownerMark()}one`, '');
  writeFileSync(join(notes, GONE), 'text');
  expect(hasAbandonedNotes(notes)).toBe(true);
  const undone: string[] = [];
  await sweepNotes(notes, async (note, name) => {
    expect(existsSync(note)).toBe(true);
    undone.push(name);
  });
  expect(undone).toEqual([GONE]);
  expect(readdirSync(notes)).toEqual([`${ownerMark()}one`]);
});

it('removes the folder of a run that was killed before it wrote its note', async () => {
  mkdirSync(notes, { recursive: true });
  expect(hasAbandonedNotes(notes)).toBe(true);
  await sweepNotes(notes, async () => {});
  expect(existsSync(notes)).toBe(false);
  expect(hasAbandonedNotes(notes)).toBe(false);
});
