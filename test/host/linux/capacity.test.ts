import { expect, it } from 'vitest';
import { linuxCapacity } from '../../../src/host/linux/capacity.js';
import { ARCHITECTURE } from '../../../src/host/linux/images/platform.js';

const { platformProblem } = linuxCapacity();

it('knows the platform of this host, with or without its system', () => {
  expect(platformProblem(`linux/${ARCHITECTURE}`)).toBeUndefined();
  expect(platformProblem(ARCHITECTURE)).toBeUndefined();
});

it('refuses a platform of modules, and says what runs them', () => {
  expect(platformProblem('wasi/wasm')).toBe(
    'wasi/wasm is the platform of images: `wasm: true` runs a module',
  );
});

it.each(['linux/s390x', `windows/${ARCHITECTURE}`, 'mips64le'])('refuses %s', (other) => {
  expect(platformProblem(other)).toBe(
    `${other} does not run on this host, which is linux/${ARCHITECTURE}`,
  );
});
