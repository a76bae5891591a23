import { expect, it } from 'vitest';
import { problems, read } from '../project/stack.js';

const file = (service: string) => ({
  'compose.yaml': `name: shop\nservices:\n  etl:\n    ${service.replaceAll('\n', '\n    ')}\n`,
});
const rootOf = (service: string) => read(file(service)).root;

it.each([
  ['io.containerd.wasmedge.v1', 'wasmedge'],
  ['io.containerd.wasmtime.v1', 'wasmtime'],
  ['io.containerd.wasmer.v1', 'wasmer'],
])('the runtime %s is that of crun, whatever comes first', (runtime, engine) => {
  const keys = [`runtime: ${runtime}`, 'platform: wasi/wasm'];
  for (const order of [keys, keys.toReversed()]) {
    const { etl } = rootOf(['image: app:1', ...order].join('\n')).containers;
    expect(etl).toMatchObject({ wasm: engine });
    expect(Object.keys(etl)).not.toContain('platform');
    expect(Object.keys(etl)).not.toContain('runtime');
  }
});

it('a platform of modules is that of the image, and any runtime for them does', () => {
  const { containers, images } = rootOf('image: app:1\nplatform: wasi/wasm32');
  expect(containers.etl).toMatchObject({ image: 'app-1-wasm', wasm: true });
  expect(images).toEqual({
    'app-1-wasm': { from: { registry: { reference: 'app:1', platform: 'wasi/wasm32' } } },
  });
});

it('one reference names an image for each platform', () => {
  const { images } = read({
    'compose.yaml':
      'services:\n  a: { image: x, platform: wasi/wasm }\n  b: { image: x }\n  c: { image: "x@sha256:' +
      `${'a'.repeat(64)}", platform: wasi/wasm }\n`,
  }).root;
  expect(Object.values<{ from: object }>(images).map(({ from }) => from)).toEqual([
    { registry: { reference: 'x', platform: 'wasi/wasm' } },
    { registry: 'x' },
    { registry: { reference: `x@sha256:${'a'.repeat(64)}`, platform: 'wasi/wasm' } },
  ]);
});

it('a build has the platform of its service, or that of its own', () => {
  const platformOf = (service: string) =>
    rootOf(`image: app\n${service}`).images.etl.from.dockerfile.platform;
  expect(platformOf('build: etl\nplatform: wasi/wasm')).toBe('wasi/wasm');
  expect(platformOf('build: { context: etl, platforms: [wasi/wasm32] }')).toBe('wasi/wasm32');
  expect(platformOf('build: etl\nplatform: linux/amd64')).toBeUndefined();
});

it.each([
  ['image: x\nruntime: io.containerd.spin.v2', '5:14: there is no runtime io.containerd.spin.v2'],
  ['build: { context: ., platforms: [linux/arm64] }', '4:37: builds are for the architecture'],
  ['build: { context: ., platforms: [wasi/wasm, linux/arm64] }', '4:37: builds are for'],
  [
    'image: x\nruntime: io.containerd.wasmedge.v1\ninit: true',
    '6:5: init is no module: crun runs nothing but the WebAssembly module in its container',
  ],
  [
    'image: x\nplatform: wasi/wasm\nhealthcheck: { test: [CMD, x] }',
    '6:5: a check by a command cannot work: crun runs nothing but the WebAssembly module',
  ],
  [
    'image: x\nplatform: wasi/wasm\npost_start: [{ command: [x] }]',
    '6:5: post_start cannot work: crun runs nothing but the WebAssembly module',
  ],
])('%j is refused', (service, expected) => {
  expect(problems(file(service)).join('\n')).toContain(expected);
});
