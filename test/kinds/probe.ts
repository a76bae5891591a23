import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Probe } from '../../src/host/ports.js';

/** Observes only real files. */
export const fileProbe = {
  file(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && { size: found.size, used: found.size, directory: found.isDirectory() };
  },
  exists(path) {
    return this.file(path) !== undefined;
  },
  names(dir) {
    return this.file(dir) ? readdirSync(dir) : [];
  },
  text(path) {
    return this.file(path) && readFileSync(path, 'utf8');
  },
} as Pick<Probe, 'file' | 'exists' | 'names' | 'text'> as Probe;
