import type { Command } from 'commander';
import { register as registerExec } from '../exec.js';
import { register as registerLogs } from '../logs.js';
import { register as registerCp } from '../verbs/cp.js';
import { register as registerInspect } from '../verbs/inspect.js';
import { register as registerKill } from '../verbs/kill.js';
import { register as registerPause } from '../verbs/pause.js';
import { register as registerRestart } from '../verbs/restart.js';
import { register as registerStart } from '../verbs/start.js';
import { register as registerStop } from '../verbs/stop.js';
import { register as registerTop } from '../verbs/top.js';
import { register as registerUnpause } from '../verbs/unpause.js';
import { register as registerWait } from '../verbs/wait.js';
import { registerAdd } from './container-add.js';
import { registerCommit } from './container-commit.js';
import { registerCreate } from './container-create.js';
import { registerList } from './container-list.js';
import { registerRename } from './container-rename.js';
import { registerRemove } from './container-rm.js';

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
  registerRename,
  registerWait,
  registerTop,
];

export function register(program: Command): void {
  const family = program.command('container').description('containers made by hand');
  for (const verb of VERBS) verb(family, 'hand');
}
