import { beforeEach, describe, expect, it } from 'vitest';
import { inherit } from '../../../src/kinds/image/desired.js';
import type { ImageConfig } from '../../../src/model/config.js';
import type { ContainerSpec, ImageSpec } from '../../../src/model/specs.js';
import { MemoryStack } from '../../support/memory-stack.js';

const MiB = 2 ** 20;
const CONFIG: ImageConfig = {
  entrypoint: ['/init'],
  command: ['serve'],
  environment: { A: '1', B: '2' },
  user: 'app',
  working_dir: '/srv',
  labels: { tier: 'data' },
  stop_signal: 'SIGINT',
};

let stack: MemoryStack;
beforeEach(() => {
  stack = new MemoryStack();
  setOrigin({});
});

function setOrigin(more: object): void {
  const origin = { layers: 'l1', image: 'sha256:1', bytes: 10 * MiB, fingerprint: 'f1' };
  stack.origins = { app: { ...origin, config: CONFIG, ...more } };
}

const text = (container = '', image = '') =>
  `name: s\nimages: { app: { from: { docker: ./a.tar }${image} } }\ncontainers: { one: { image: app${container} } }\n`;

function specOf<Spec>(container: string, image?: string, kind = 'container'): Spec {
  const unit = stack.plan(text(container, image)).units.find((each) => each.kind === kind);
  return unit?.spec as Spec;
}

describe('a container of a foreign image', () => {
  it('runs the command of the image', () => {
    expect(specOf<ContainerSpec>('')).toMatchObject({
      args: ['/init', 'serve'],
      environment: { A: '1', B: '2' },
      user: 'app',
      working_dir: '/srv',
      labels: { tier: 'data' },
      stop_signal: 'SIGINT',
    });
  });

  it('is refused for a WebAssembly module, unless it says that it is one', () => {
    const healthcheck = { test: ['check'] };
    setOrigin({
      config: { ...CONFIG, healthcheck },
      original: { image: { os: 'wasi', architecture: 'wasm' } },
    });
    expect(() => specOf('')).toThrow(
      /3:22: image app of container one is a WebAssembly module, which only crun runs$/,
    );
    const spec = specOf<ContainerSpec>(', wasm: true');
    expect(spec).toMatchObject({ wasm: true, args: ['/init', 'serve'] });
    // a command, which crun would not run
    expect(spec.healthcheck).toBeUndefined();
  });

  // docs.docker.com/reference/dockerfile, "Understand how CMD and ENTRYPOINT interact"
  it.each([
    ['command: [x]', ['/init', 'x']],
    ['entrypoint: [/e]', ['/e']],
    ['entrypoint: [/e], command: [x]', ['/e', 'x']],
  ])('overrides with %s', (words, args) => {
    expect(specOf<ContainerSpec>(`, ${words}`).args).toEqual(args);
  });

  it('merges variables and labels, and overrides the rest', () => {
    const words = ', environment: { B: x }, labels: { b: y }, user: root, stop_signal: QUIT';
    expect(specOf<ContainerSpec>(words)).toMatchObject({
      environment: { A: '1', B: 'x' },
      labels: { tier: 'data', b: 'y' },
      user: 'root',
      stop_signal: 'SIGQUIT',
    });
  });

  it.each([
    [', command: [x]', ['/init', 'x']],
    [', entrypoint: [/e]', ['/e']],
  ])('runs the command declared for the image: %s', (image, args) => {
    expect(specOf<ContainerSpec>('', image).args).toEqual(args);
  });

  it('is checked as the image declares, and healed', () => {
    const healthcheck = { test: ['true'], interval: 5000 };
    setOrigin({ config: { ...CONFIG, healthcheck } });
    const usual = { timeout: 30_000, retries: 3, start_period: 0, on_failure: 'restart' };
    expect(specOf<ContainerSpec>('').healthcheck).toEqual({
      exec: ['true'],
      interval: 5000,
      ...usual,
    });
    expect(specOf<ContainerSpec>(', restart: "no"').healthcheck?.on_failure).toBe('none');
    expect(specOf<ContainerSpec>(', healthcheck: { disable: true }').healthcheck).toBeUndefined();
    const parts = ', healthcheck: { on_failure: stop, interval: 7s, retries: 1 }';
    expect(specOf<ContainerSpec>(parts).healthcheck).toEqual({
      ...{ exec: ['true'], ...usual, interval: 7000, retries: 1, on_failure: 'stop' },
    });
    const own = ', healthcheck: { tcp: 80 }';
    expect(specOf<ContainerSpec>(own).healthcheck).toMatchObject({ tcp: 80 });
    setOrigin({ config: { ...CONFIG, healthcheck: { test: [] } } });
    expect(specOf<ContainerSpec>('').healthcheck).toBeUndefined();
    expect(() => specOf<ContainerSpec>(', healthcheck: { on_failure: stop }')).toThrow(
      'has a health check without a test, and its image',
    );
  });

  it('is stopped by SIGTERM by default', () => {
    setOrigin({ config: { environment: {}, command: ['x'] } });
    expect(specOf<ContainerSpec>('').stop_signal).toBe('SIGTERM');
  });
});

describe('a foreign image', () => {
  it('has the size that its data needs, in steps of 64 MiB', () => {
    const sizeOf = (image = '') => specOf<ImageSpec>('', image, 'image').size / MiB;
    expect(sizeOf()).toBe(128);
    setOrigin({ bytes: 200 * MiB });
    expect(sizeOf()).toBe(384);
    expect(sizeOf(', size: 300M')).toBe(300);
  });

  it.each(['SIGSTOPP', '0', 'SIGRTMAX+1'])(
    'with the stop signal %s is stopped by SIGTERM, and the plan says so',
    (stop_signal) => {
      setOrigin({ config: { ...CONFIG, stop_signal } });
      expect(specOf<ContainerSpec>('').stop_signal).toBe('SIGTERM');
      expect(stack.planText(text())).toContain(
        `Warnings:\n  container.one is stopped by SIGTERM: its image app has the stop signal "${stop_signal}", which does not exist\n`,
      );
      expect(stack.plan(text(', stop_signal: QUIT')).warnings).toBeUndefined();
    },
  );

  it('has a canonical name for a real-time signal', () => {
    setOrigin({ config: { ...CONFIG, stop_signal: '37' } });
    expect(specOf<ContainerSpec>('').stop_signal).toBe('SIGRTMIN+3');
  });

  it('changes with its layers: the image is rebuilt and its containers are replaced', async () => {
    await stack.apply(text());
    expect(stack.planText(text())).toContain('No changes');
    setOrigin({ layers: 'l2', image: 'sha256:2', fingerprint: 'f2' });
    const plan = stack.planText(text());
    expect(plan).toContain('# image.app will be updated in-place (its layers have changed)');
    expect(plan).toContain('# container.one must be replaced (image app has changed)');
  });

  it('repacked with the same layers changes only the record', async () => {
    await stack.apply(text());
    setOrigin({ fingerprint: 'f2', image: 'sha256:2' });
    const { units } = stack.plan(text());
    expect(units.map(({ address, steps }) => [address, steps])).toEqual([['image.app', []]]);
    await stack.apply(text());
    expect(stack.plan(text()).units).toEqual([]);
  });

  const ONBUILD = { image: { config: { OnBuild: ['RUN a'], Env: ['A=1'] }, created: '2020' } };

  it('changed only in fields that baleine does not use is only recorded', async () => {
    setOrigin({ original: ONBUILD });
    await stack.apply(text());
    expect(stack.planText(text())).toContain('No changes');
    const config = { OnBuild: ['RUN b'], Env: ['A=1'], 'X\x1b': 1 };
    const image = { image: { config, created: '2020' }, annotations: { a: 'b' } };
    setOrigin({ original: image, fingerprint: 'f2', image: 'sha256:2' });
    const { units } = stack.plan(text());
    expect(units.map(({ address, steps }) => [address, steps])).toEqual([['image.app', []]]);
    expect(stack.planText(text())).toContain(
      'image config changed: OnBuild, X\\u001b, annotations',
    );
    await stack.apply(text());
    expect(stack.plan(text()).units).toEqual([]);
  });

  it('passes its whole config on to derived images', async () => {
    setOrigin({ original: ONBUILD });
    const images = '{ app: { from: { docker: ./a.tar } }, more: { from: { image: app } } }';
    const { units } = stack.plan(`name: s\nimages: ${images}\n`);
    const spec = units.find(({ address }) => address === 'image.more')?.spec as ImageSpec;
    expect(spec.original).toEqual(ONBUILD);
    expect(JSON.stringify(units.flatMap(({ steps }) => steps))).not.toContain('OnBuild');
  });

  it('recorded without its whole config causes no change', async () => {
    await stack.apply(text());
    expect(stack.planText(text())).toContain('No changes');
  });

  it('with another command replaces its containers, and is not unpacked again', async () => {
    await stack.apply(text());
    setOrigin({ fingerprint: 'f2', config: { ...CONFIG, command: ['other'] } });
    const { units } = stack.plan(text());
    const verbs = units.flatMap(({ steps }) => steps.map(({ verb }) => verb));
    expect(verbs).not.toContain('image.build');
    expect(verbs).toContain('container.start');
  });
});

it('inherits like a Dockerfile', () => {
  expect(inherit(undefined, CONFIG)).toBe(CONFIG);
  const own = { entrypoint: ['/e'], environment: { B: 'x', C: '3' } };
  const { command: _command, ...rest } = CONFIG;
  expect(inherit(CONFIG, own)).toEqual({
    ...rest,
    entrypoint: ['/e'],
    environment: { A: '1', B: 'x', C: '3' },
  });
});
