import { describe, expect, it } from 'vitest';
import { readConfig, writeConfig } from '../../../../src/host/linux/images/config.js';
import { ARCHITECTURE } from '../../../../src/host/linux/images/platform.js';

const LAYER = `sha256:${'a'.repeat(64)}`;
const text = (config: object, more: object = {}) =>
  JSON.stringify({
    os: 'linux',
    architecture: ARCHITECTURE,
    rootfs: { diff_ids: [LAYER] },
    config,
    ...more,
  });
const read = (config: object, more?: object) => readConfig(text(config, more), 'x').config;

describe('the config of an image', () => {
  it('is read into the keys of the file', () => {
    const config = {
      Entrypoint: ['/init'],
      Cmd: ['a', 'b c'],
      Env: ['A=1', 'B=x=y', 'EMPTY=', 'NOWHERE', '=odd'],
      User: 'app:app',
      WorkingDir: '/srv',
      Labels: { tier: 'data', number: 1 },
      StopSignal: 'SIGINT',
      ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
      Volumes: { '/data': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'true || false'], Interval: 5e9, Retries: 2 },
    };
    expect(readConfig(text(config), 'x')).toMatchObject({
      layers: [LAYER],
      config: {
        entrypoint: ['/init'],
        command: ['a', 'b c'],
        environment: { A: '1', B: 'x=y', EMPTY: '' },
        user: 'app:app',
        working_dir: '/srv',
        labels: { tier: 'data' },
        stop_signal: 'SIGINT',
        exposed_ports: ['443/tcp', '80/tcp'],
        volumes: ['/data'],
        healthcheck: { test: ['/bin/sh', '-c', 'true || false'], interval: 5000, retries: 2 },
      },
    });
  });

  it('has no values where Docker writes none', () => {
    const empty = { Entrypoint: null, Cmd: [], Env: null, User: '', Labels: null, Volumes: {} };
    expect(read(empty)).toEqual({ environment: {} });
    expect(read({ Healthcheck: { Test: [] } })).toEqual({ environment: {} });
    expect(readConfig(text({}, { config: null }), 'x').config).toEqual({ environment: {} });
  });

  it('distinguishes a disabled health check from an absent one', () => {
    expect(read({ Healthcheck: { Test: ['NONE'] } }).healthcheck).toEqual({ test: [] });
    expect(read({ Healthcheck: { Test: ['CMD', 'a'] } }).healthcheck).toEqual({ test: ['a'] });
  });

  it('survives writing and reading', () => {
    const config = {
      entrypoint: ['/init'],
      command: ['a'],
      environment: { A: '1' },
      user: 'app',
      working_dir: '/srv',
      labels: { tier: 'data' },
      stop_signal: 'SIGINT',
      exposed_ports: ['80/tcp'],
      volumes: ['/data'],
      healthcheck: { test: ['true'], timeout: 1500, start_period: 1, retries: 3 },
    };
    const written = writeConfig({ config, created: '2026-01-02T03:04:05Z' }, [LAYER]);
    expect(readConfig(written, 'x')).toMatchObject({ layers: [LAYER], config });
    const none = { environment: {}, healthcheck: { test: [] } };
    const again = writeConfig({ config: none, created: '' }, [LAYER]);
    expect(readConfig(again, 'x').config).toEqual(none);
  });

  const ORIGINAL = {
    created: '2020-01-01T00:00:00Z',
    author: 'somebody',
    variant: 'v1',
    'os.features': ['x'],
    'org.example.more': { deep: [1, null, { a: 'b' }] },
    history: [{ created_by: 'ADD rootfs' }, { created_by: 'ENV A=1', empty_layer: true }],
    config: {
      Env: ['B=2', 'NOWHERE', 'A=1', '7=seven'],
      Entrypoint: null,
      Cmd: ['sh'],
      Labels: { tier: 'data' },
      OnBuild: ['RUN make'],
      Shell: ['/bin/ash', '-c'],
      ArgsEscaped: true,
      StopTimeout: 30,
      Volumes: { '/data': { odd: true } },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1_500_000_001, StartInterval: 5e9 },
    },
  };

  it('is exported as imported, with a single layer', () => {
    const { config, original } = readConfig(text({}, ORIGINAL), 'x');
    const what = { config, original, created: ORIGINAL.created };
    expect(JSON.parse(writeConfig(what, [LAYER]))).toEqual({
      ...ORIGINAL,
      os: 'linux',
      architecture: ARCHITECTURE,
      rootfs: { type: 'layers', diff_ids: [LAYER] },
      history: [
        { created_by: 'ADD rootfs', empty_layer: true },
        { created_by: 'ENV A=1', empty_layer: true },
        { created: ORIGINAL.created, created_by: 'baleine' },
      ],
    });
  });

  it('is exported with its changes, and everything else unchanged', () => {
    const { config, original } = readConfig(text({}, ORIGINAL), 'x');
    const { labels: _labels, healthcheck: _check, ...rest } = config;
    const changed = {
      ...{ ...rest, entrypoint: ['/init'], volumes: ['/data', '/more'] },
      environment: { A: '2', B: '2', C: '3' },
    };
    const what = { config: changed, original, created: ORIGINAL.created };
    const { Labels: _no, Healthcheck: _none, ...kept } = ORIGINAL.config;
    expect(JSON.parse(writeConfig(what, [LAYER])).config).toEqual({
      ...kept,
      Entrypoint: ['/init'],
      Env: ['B=2', 'NOWHERE', 'A=2', 'C=3'],
      Volumes: { '/data': {}, '/more': {} },
    });
  });

  it('keeps a variable named like a property of every object', () => {
    const { environment } = read({ Env: ['__proto__=x', 'constructor=y'] });
    expect(Object.entries(environment)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it.each([
    [{ Cmd: 'sh' }, {}, 'Cmd is not a list of texts'],
    [{ Entrypoint: [1] }, {}, 'Entrypoint is not a list of texts'],
    [{ Cmd: ['a\0b'] }, {}, 'Cmd is not a list of texts'],
    [{ Volumes: [] }, {}, 'Volumes is not an object'],
    [{}, { config: 'x' }, 'config is not an object'],
    [{}, { rootfs: { diff_ids: [1] } }, 'diff_ids is not a list of texts'],
    [{}, { rootfs: { diff_ids: ['sha256:../x'] } }, 'diff_ids is not a list of digests'],
    [{}, { os: 'windows' }, 'it is for windows/'],
    [{}, { architecture: 'vax' }, 'it is for linux/vax, and this host is linux/'],
  ])('is refused: %j %j', (config, more, why) => {
    expect(() => read(config, more)).toThrow(why);
  });

  it('is refused if it is no JSON', () => {
    expect(() => readConfig('{', 'x')).toThrow('cannot use x: its config is not JSON');
  });
});
