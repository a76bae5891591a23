import type { Command } from 'commander';
import { registerAdd } from './add.js';
import { registerCommit } from './commit.js';
import { register as registerCp } from './cp.js';
import { registerCreate } from './create.js';
import { register as registerExec } from './exec.js';
import { register as registerInspect } from './inspect.js';
import { register as registerKill } from './kill.js';
import { registerList } from './list.js';
import { register as registerLogs } from './logs.js';
import { register as registerPause } from './pause.js';
import { registerRename } from './rename.js';
import { register as registerRestart } from './restart.js';
import { registerRemove } from './rm.js';
import { register as registerStart } from './start.js';
import { register as registerStop } from './stop.js';
import { register as registerTop } from './top.js';
import { register as registerUnpause } from './unpause.js';
import { register as registerWait } from './wait.js';

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
  for (const verb of VERBS) verb(family, 'imperative');
}
