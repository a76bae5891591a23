import type { Command } from 'commander';
import { registerCheckpoint, registerCheckpoints, registerRestore } from './checkpoint.js';
import { registerDiff } from './diff.js';
import { registerCommit, registerCp } from './disk.js';
import {
  registerAdd,
  registerCreate,
  registerPrune,
  registerRemove,
  registerRename,
} from './edit.js';
import { register as registerExec } from './exec.js';
import {
  registerPause,
  registerRestart,
  registerStart,
  registerStop,
  registerUnpause,
} from './lifecycle.js';
import { registerList } from './list.js';
import { register as registerLogs } from './logs.js';
import { registerPort } from './port.js';
import { registerInspect, registerKill, registerTop, registerWait } from './running.js';
import { registerSnapshot, registerSnapshots } from './snapshots.js';

const VERBS = [
  registerCreate,
  registerList,
  registerAdd,
  registerStart,
  registerStop,
  registerRestart,
  registerRemove,
  registerExec,
  registerLogs,
  registerInspect,
  registerPause,
  registerUnpause,
  registerKill,
  registerCp,
  registerCommit,
  registerCheckpoint,
  registerRestore,
  registerCheckpoints,
  registerSnapshot,
  registerSnapshots,
  registerRename,
  registerWait,
  registerTop,
  registerPort,
  registerDiff,
  registerPrune,
];

export function register(program: Command): void {
  const family = program.command('container').description('manage containers without a file');
  for (const verb of VERBS) verb(family, 'imperative');
}
