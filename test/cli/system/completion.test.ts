import { Command } from 'commander';
import { beforeAll, expect, it } from 'vitest';
import { register as registerContainer } from '../../../src/cli/container/index.js';
import { registerStop } from '../../../src/cli/container/lifecycle.js';
import { register as registerRun } from '../../../src/cli/container/run.js';
import { register as registerImage } from '../../../src/cli/image/index.js';
import { register as registerNetwork } from '../../../src/cli/network/index.js';
import { register as registerBuild } from '../../../src/cli/stack/build.js';
import { register as registerRollback } from '../../../src/cli/stack/rollback.js';
import { register as registerUp } from '../../../src/cli/stack/up.js';
import { register as registerWatch } from '../../../src/cli/stack/watch.js';
import { candidates } from '../../../src/cli/system/complete.js';
import { rowOf } from '../../state/sample.js';

const ROWS = [
  rowOf('image', 'base', { stack: '-' }),
  rowOf('bridge', 'front', { stack: '-' }),
  rowOf('container', 'web', { stack: '-' }),
  rowOf('container', 'db', { stack: 'shop' }),
  rowOf('config', 'store-proxy', { stack: 'shop', spec: { farm: { name: 'store' } } }),
];

const program = new Command('baleine').enablePositionalOptions();
beforeAll(() => {
  for (const register of [registerContainer, registerImage, registerNetwork, registerRun]) {
    register(program);
  }
  registerStop(program);
  for (const register of [registerRollback, registerUp, registerBuild, registerWatch]) {
    register(program);
  }
});

it.each([
  ['con', ['container']],
  ['container st', ['start', 'stop']],
  ['container stop ', ['web']],
  ['container rm --f', ['--force']],
  ['stop ', ['db', 'web']],
  ['rollback ', ['db', 'store', 'web']],
  ['container create new --image ', ['base']],
  ['container create new --bridge f', ['front']],
  ['container create ', []],
  ['image rm ', ['base']],
  ['network inspect ', ['front']],
  ['network connect ', ['front']],
  ['run ', ['base', 'db', 'store']],
  ['up ', ['db', 'store', 'web']],
  ['up --s', ['--scale']],
  ['watch ', ['db', 'store', 'web']],
  ['build --b', ['--build-arg']],
  ['image import ', []],
])('completes "%s"', (line, found) => {
  expect(candidates(program, line.split(' '), () => ROWS)).toEqual(found);
});
