import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wasmFinding } from '../../../../src/host/linux/doctor/programs.js';
import { wasmProblem } from '../../../../src/host/linux/runtime/wasm.js';

const path = process.env.PATH;
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wasm-'));
  process.env.PATH = `${dir}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(dir, { recursive: true });
});

/** A crun that says of itself that it has these features. */
function crunWith(...features: string[]): void {
  const text = `crun version 1.14\nspec: 1.0.0\n+SYSTEMD +SECCOMP ${features.join(' ')} +YAJL`;
  writeFileSync(join(dir, 'crun'), `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`);
  chmodSync(join(dir, 'crun'), 0o755);
}

it('a crun without an engine is told what to become', () => {
  crunWith();
  expect(wasmProblem('crun', 'wasmedge')).toBe(
    'crun 1.14 runs no WebAssembly modules: install a crun whose `crun --version` shows +WASM:wasmedge',
  );
  expect(wasmProblem('crun', true)).toMatch(/shows \+WASM:wasmedge or another$/);
  expect(wasmFinding()).toMatchObject({
    status: 'warn',
    detail: 'crun 1.14 is built without it: no containers with wasm',
  });
});

it('a crun with engines takes any, or one of them', () => {
  crunWith('+WASM:wasmtime', '+WASM:wamr');
  expect([true, 'wasmtime', 'wamr'].map((each) => wasmProblem('crun', each as true))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(wasmProblem('crun', 'wasmedge')).toBe(
    'crun 1.14 runs WebAssembly modules in wasmtime, wamr, not in wasmedge: ' +
      'install a crun whose `crun --version` shows +WASM:wasmedge',
  );
  expect(wasmFinding()).toEqual({
    name: 'WebAssembly',
    status: 'ok',
    detail: 'crun 1.14 runs modules with wasmtime, wamr',
  });
});

it('a runtime that is not there runs none', () => {
  expect(wasmProblem('no-crun', true)).toBe(
    'no-crun, which runs WebAssembly modules, is not installed',
  );
});
