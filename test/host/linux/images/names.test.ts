import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../../src/host/linux/images/manifest.js';
import { isLoopback, pinReference } from '../../../../src/host/linux/images/registry.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('references of registry images', () => {
  it.each([
    ['nginx', `nginx@${DIGEST}`],
    ['nginx:1.27', `nginx@${DIGEST}`],
    ['localhost:5000/a/b:1', `localhost:5000/a/b@${DIGEST}`],
    ['localhost:5000/a/b', `localhost:5000/a/b@${DIGEST}`],
    [`a/b@sha256:${'1'.repeat(64)}`, `a/b@${DIGEST}`],
  ])('pins %s', (name, expected) => {
    expect(pinReference(name, DIGEST)).toBe(expected);
    expect(pinReference(name, undefined)).toBe(name);
  });

  it.each([
    ['localhost/a', true],
    ['localhost:5000/a', true],
    ['127.0.0.1:5000/a:1', true],
    ['localhost', false],
    ['localhost.example/a', false],
    ['127.0.0.1.example/a', false],
    ['nginx:1', false],
  ])('knows whether %s is on this host', (name, expected) => {
    expect(isLoopback(name)).toBe(expected);
  });
});

describe('manifests', () => {
  const one = { digest: DIGEST, size: 1, mediaType: 't' };
  it('are read', () => {
    const text = JSON.stringify({ config: one, layers: [one], more: 1 });
    expect(readManifest(text, 'x')).toEqual({ config: one, layers: [one] });
  });

  it.each([
    ['{', 'its manifest is not JSON'],
    ['1', 'cannot be read'],
    ['{}', 'has a format that baleine does not know'],
    [
      JSON.stringify({ config: one, layers: [{ digest: 'sha256:../x', size: 1 }] }),
      'baleine does not know',
    ],
    [JSON.stringify({ config: { digest: DIGEST }, layers: [] }), 'baleine does not know'],
  ])('are refused: %s', (text, why) => {
    expect(() => readManifest(text, 'x')).toThrow(why);
  });
});
