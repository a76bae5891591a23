import { describe, expect, it } from 'vitest';
import {
  hasSameRelease,
  type Release,
  releaseOf,
  sameRelease,
} from '../../../src/kinds/container/release.js';

type Spec = Parameters<typeof releaseOf>[0];

const spec = (more: object = {}): Spec =>
  ({
    image: { name: 'web', file: '/images/s.web.img', version: 'v1' },
    args: ['httpd'],
    environment: { MODE: 'prod' },
    rotation: { port: 80 },
    ...more,
  }) as unknown as Spec;

const CHANGES: [string, object, boolean][] = [
  ['nothing', {}, true],
  ['where its image lies', { image: { ...spec().image, file: '/images/s.web.old' } }, true],
  ['what is no part of it', { hostname: 'other' }, true],
  ['its image', { image: { ...spec().image, version: 'v2' } }, false],
  ['its environment', { environment: { MODE: 'test' } }, false],
  ['what it has not had', { runtime: 'crun' }, false],
  ['its port', { rotation: { port: 81 } }, false],
];

describe('a release', () => {
  it.each(CHANGES)(
    'is the same by its container as by itself, with a change of %s',
    (_, change, same) => {
      const [one, other] = [spec(), spec(change)];
      expect(hasSameRelease(one, other)).toBe(same);
      expect(sameRelease(releaseOf(one) as Release, releaseOf(other) as Release)).toBe(same);
    },
  );
});
