import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ifThere, readText } from '../files/read.js';
import type { Hierarchies } from './hierarchies.js';

/**
 * Whether a cgroup's processes are frozen: freezer.state of v1, cgroup.freeze of v2 (cgroups(7)).
 */
export function isFrozen({ v1, unified }: Hierarchies, cgroup: string): boolean {
  const freezer = v1.get('freezer');
  const state = freezer && readText(join(freezer, cgroup, 'freezer.state'))?.trim();
  if (state !== undefined) return state !== 'THAWED';
  return (unified && readText(join(unified, cgroup, 'cgroup.freeze'))?.trim()) === '1';
}

/**
 * Thaws the processes, whatever state the runtime has recorded. Does nothing if the cgroup does not
 * exist.
 */
export function thaw({ v1, unified }: Hierarchies, cgroup: string): void {
  const freezer = v1.get('freezer');
  const files = [
    ...(freezer ? [[join(freezer, cgroup, 'freezer.state'), 'THAWED'] as const] : []),
    ...(unified ? [[join(unified, cgroup, 'cgroup.freeze'), '0'] as const] : []),
  ];
  for (const [file, text] of files) if (existsSync(file)) writeFileSync(file, text);
}

/** Processes in a cgroup and its descendants, by host pid. */
export function processesIn({ named, unified }: Hierarchies, cgroup: string): number[] {
  const roots = unified === undefined ? named : [...named, unified];
  const pids = roots.flatMap((root) => pidsBelow(join(root, cgroup)));
  return [...new Set(pids)].sort((a, b) => a - b);
}

function pidsBelow(dir: string): number[] {
  const own = (readText(join(dir, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number);
  const entries = ifThere(() => readdirSync(dir, { withFileTypes: true })) ?? [];
  const below = entries.filter((each) => each.isDirectory());
  return [...own, ...below.flatMap(({ name }) => pidsBelow(join(dir, name)))];
}
