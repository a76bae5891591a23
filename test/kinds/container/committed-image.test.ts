import { describe, expect, it } from 'vitest';
import {
  committedConfig,
  inheritedHealth,
} from '../../../src/kinds/container/desired/image-config.js';
import type { ImageConfig } from '../../../src/model/config.js';
import type { ContainerSpec } from '../../../src/model/specs.js';

const IMAGE: ImageConfig = {
  entrypoint: ['/init', '-v'],
  command: ['serve'],
  environment: { A: '1' },
  user: 'app',
  labels: { tier: 'data' },
  exposed_ports: ['80/tcp'],
  volumes: ['/data'],
  stop_signal: 'SIGINT',
  healthcheck: { test: ['check'], interval: 5000 },
};
const UNCHANGED = {
  args: ['/init', '-v', 'serve'],
  environment: { A: '1' },
  user: 'app',
  working_dir: '/',
  labels: { tier: 'data' },
  stop_signal: 'SIGINT',
  healthcheck: inheritedHealth(IMAGE, { restart: { name: 'always' } }),
};

const commit = (spec: Partial<ContainerSpec>, image: ImageConfig | undefined = IMAGE) =>
  committedConfig({ ...UNCHANGED, ...spec } as ContainerSpec, image);

describe('an image committed from a container', () => {
  it('keeps the config of its image if the container overrides nothing', () => {
    expect(commit({})).toEqual(IMAGE);
    const { entrypoint: _none, ...plain } = IMAGE;
    expect(commit({ args: ['serve'] }, plain)).toEqual(plain);
  });

  it.each<[string, Partial<ContainerSpec>, Partial<ImageConfig>]>([
    ['a command', { args: ['/init', '-v', 'x', 'y'] }, { command: ['x', 'y'] }],
    [
      'an entrypoint',
      { args: ['sh', '-c', 'x'], entrypoint_length: 1 },
      { entrypoint: ['sh'], command: ['-c', 'x'] },
    ],
    [
      'an entrypoint that begins like the image’s',
      { args: ['/init', '-v', 'x'], entrypoint_length: 1 },
      { entrypoint: ['/init'], command: ['-v', 'x'] },
    ],
    ['variables', { environment: { A: '2', B: '3' } }, { environment: { A: '2', B: '3' } }],
    ['a user', { user: '0:0' }, { user: '0:0' }],
    ['a folder', { working_dir: '/srv' }, { working_dir: '/srv' }],
    ['a signal', { stop_signal: 'SIGTERM' }, { stop_signal: 'SIGTERM' }],
    ['labels', { labels: { tier: 'x', a: 'b' } }, { labels: { tier: 'x', a: 'b' } }],
    [
      'a health check of a command',
      {
        healthcheck: {
          ...{ exec: ['own'], interval: 1, timeout: 2, retries: 3, start_period: 4 },
          on_failure: 'restart',
        },
      },
      { healthcheck: { test: ['own'], interval: 1, timeout: 2, retries: 3, start_period: 4 } },
    ],
    [
      'a health check of a port, which an image cannot have',
      {
        healthcheck: {
          ...{ tcp: 80, interval: 1, timeout: 2, retries: 3, start_period: 4 },
          on_failure: 'none',
        },
      },
      {},
    ],
  ])('has what the container overrides: %s', (_name, own, expected) => {
    expect(commit(own)).toEqual({ ...IMAGE, ...expected });
  });

  it('has no command if there is only an entrypoint, and no entrypoint if there is none', () => {
    const { command: _command, entrypoint: _entrypoint, ...rest } = IMAGE;
    const only = commit({ args: ['sh'], entrypoint_length: 1 });
    expect(only).toEqual({ ...rest, entrypoint: ['sh'] });
    expect(commit({ args: ['sh'], entrypoint_length: 0 })).toEqual({ ...rest, command: ['sh'] });
  });

  it('has no health check if the container disables it', () => {
    const { healthcheck: _none, ...spec } = UNCHANGED;
    expect(committedConfig(spec as unknown as ContainerSpec, IMAGE).healthcheck).toEqual({
      test: [],
    });
  });

  it('has the container’s settings if its image is gone', () => {
    const { healthcheck: _none, ...spec } = UNCHANGED;
    expect(committedConfig(spec as unknown as ContainerSpec, undefined)).toEqual({
      command: UNCHANGED.args,
      environment: { A: '1' },
      user: 'app',
      labels: { tier: 'data' },
      stop_signal: 'SIGINT',
    });
  });
});
