// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { discoverFiles } from '../../../src/formats/project/discover.js';
import { type Files, merged, type Options, problems, read, withContainers } from './stack.js';

type Services = Record<string, Record<string, unknown>>;

const servicesOf = (files: Files, options: Options = {}) =>
  (merged(files, options) as { services: Services }).services;

describe('extends', () => {
  it('merges a service of the same file', () => {
    const text = `services:
  base: { image: a, command: [x], environment: { A: 1, B: 2 }, expose: ["1"] }
  web: { extends: { service: base }, command: [y], environment: [B=3], expose: ["2"] }
  short: { extends: base, image: b }
`;
    expect(servicesOf({ 'compose.yaml': text })).toMatchObject({
      web: { image: 'a', command: ['y'], environment: { A: 1, B: '3' }, expose: ['1', '2'] },
      short: { image: 'b', command: ['x'] },
    });
  });

  it('merges services of other files, in chains, with paths relative to each', () => {
    const files = {
      'compose.yaml':
        'services: { web: { extends: { file: one/a.yaml, service: a }, network_mode: none } }\n',
      'one/a.yaml':
        'services: { a: { extends: { file: ../two/b.yaml, service: b }, volumes: ["./a:/a"] } }\n',
      'two/b.yaml':
        'services: { b: { image: x, env_file: b.env, volumes: ["./b:/b", "./c:/a"], build: . } }\n',
      'two/b.env': 'B=1\n',
    };
    const { root } = read(files);
    expect(root.containers.web).toMatchObject({ environment: { B: '1' } });
    expect(servicesOf(files).web?.volumes).toEqual(['./b:/b', './a:/a']);
    const { config } = read({
      ...files,
      'two/b.yaml': 'services: { b: { image: x, volumes: ["./b:/b:ro"] } }\n',
    });
    expect(
      config.containers.web.volumes.map(({ source }: { source: string }) => source).sort(),
    ).toEqual(['/stack/one/a', '/stack/two/b']);
  });

  it('expands variables of the other file', () => {
    const files = {
      'compose.yaml': 'services: { web: { extends: { file: b.yaml, service: b } } }\n',
      'b.yaml': 'services: { b: { image: "x:${TAG}" } }\n',
      '.env': 'TAG=1\n',
    };
    expect(servicesOf(files)).toEqual({ web: { image: 'x:1' } });
  });

  it('takes nothing else from the other file', () => {
    const files = {
      'compose.yaml': 'services: { web: { extends: { file: b.yaml, service: b } } }\n',
      'b.yaml': 'services: { b: { image: x }, c: { image: y } }\nvolumes: { v: }\n',
    };
    expect(merged(files)).toEqual({ services: { web: { image: 'x' } } });
  });

  it('may take away keys with !reset', () => {
    const text = `services:
  base: { image: a, ports: ["80:80"] }
  web: { extends: base, ports: !reset [] }
`;
    expect(servicesOf({ 'compose.yaml': text }).web).toEqual({ image: 'a' });
  });

  it('works for containers', () => {
    const text = withContainers('base: { image: base, command: [x] }\n  web: { extends: base }');
    expect(read({ 'baleine.yaml': text }).root.containers.web).toEqual({
      image: 'base',
      command: ['x'],
    });
  });

  it('has its places where the values come from', () => {
    const files = {
      'compose.yaml': 'services:\n  web:\n    extends: { file: b.yaml, service: b }\n',
      'b.yaml': '#\nservices:\n  b:\n    image: x\n    wrong: 1\n',
    };
    expect(problems(files)).toEqual(['b.yaml:5:5: unknown key "wrong" in services.web']);
  });

  it.each<[string, Files, string[]]>([
    [
      'itself',
      { 'compose.yaml': 'services:\n  a:\n    extends: a\n' },
      ['compose.yaml:3:14: service a extends itself, by way of others'],
    ],
    [
      'itself over others',
      {
        'compose.yaml':
          'services:\n  a:\n    extends: b\n  b:\n    extends: c\n  c:\n    extends: a\n',
      },
      ['compose.yaml:3:14: service a extends itself, by way of others'],
    ],
    [
      'itself over another file',
      {
        'compose.yaml': 'services:\n  a:\n    extends: { file: b.yaml, service: b }\n',
        'b.yaml': 'services:\n  b:\n    extends: { file: compose.yaml, service: a }\n',
      },
      ['compose.yaml:3:14: service a extends itself, by way of others'],
    ],
    [
      'no service',
      { 'compose.yaml': 'services:\n  a:\n    extends: { service: b }\n' },
      ['compose.yaml:3:25: there is no service "b" to extend'],
    ],
    [
      'no service of another file',
      {
        'compose.yaml': 'services:\n  a:\n    extends: { file: b.yaml, service: b }\n',
        'b.yaml': 'services: { c: { image: x } }\n',
      },
      ['compose.yaml:3:39: there is no service "b" in b.yaml to extend'],
    ],
    [
      'no file',
      { 'compose.yaml': 'services:\n  a:\n    extends: { file: b.yaml, service: b }\n' },
      ['compose.yaml:3:22: cannot read b.yaml: no such file'],
    ],
    [
      'no name',
      { 'compose.yaml': 'services:\n  a:\n    extends: { file: b.yaml }\n' },
      ['compose.yaml:3:14: "extends" needs the name of a service'],
    ],
    [
      'a file that is no YAML',
      {
        'compose.yaml': 'services:\n  a:\n    extends: { file: b.yaml, service: b }\n',
        'b.yaml': 'services: [\n',
      },
      [
        'b.yaml:2:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
  ])('refuses %s', (_what, files, expected) => {
    expect(problems(files)).toEqual(expected);
  });
});

describe('include', () => {
  const main = (clause: string) => `include: ${clause}\nservices: { web: { image: w } }\n`;

  it('adds what another project declares', () => {
    const files = {
      'compose.yaml': main('[sub/compose.yaml]'),
      'sub/compose.yaml':
        'name: other\nservices: { db: { image: d } }\nvolumes: { v: }\nnetworks: { n: { internal: true } }\n',
    };
    expect(merged(files)).toEqual({
      services: { web: { image: 'w' }, db: { image: 'd' } },
      volumes: { v: null },
      networks: { n: { internal: true } },
    });
  });

  it('has paths relative to the other project', () => {
    const files = {
      'compose.yaml':
        'include: [sub/compose.yaml]\nservices: { web: { image: w, network_mode: none } }\n',
      'sub/compose.yaml':
        'services: { db: { image: d, network_mode: none, volumes: ["./x:/x"], env_file: e } }\n',
      'sub/e': 'A=1\n',
    };
    const { config } = read(files);
    expect(config.containers.db).toMatchObject({
      environment: { A: '1' },
      volumes: [{ source: '/stack/sub/x', target: '/x' }],
    });
  });

  it('has the .env of the other project, below the shell and our own', () => {
    const files = {
      'compose.yaml': main('[sub/compose.yaml]'),
      '.env': 'B=ours\n',
      'sub/compose.yaml': 'services: { db: { image: "${A}-${B}-${C}" } }\n',
      'sub/.env': 'A=theirs\nB=theirs\nC=theirs\n',
    };
    expect(servicesOf(files, { env: { A: 'shell' } }).db).toEqual({ image: 'shell-ours-theirs' });
  });

  it('takes variables without a value from the .env of the other project', () => {
    const files = {
      'compose.yaml':
        'include: [sub/compose.yaml]\nservices: { web: { image: w, network_mode: none, environment: [A] } }\n',
      'sub/compose.yaml':
        'services: { db: { image: d, network_mode: none, environment: [A, B] } }\n',
      'sub/.env': 'A=1\n',
    };
    const { root } = read(files);
    expect(root.containers.db.environment).toEqual({ A: '1' });
    expect(root.containers.web.environment ?? {}).toEqual({});
  });

  it('has env files, several paths and a folder of its own', () => {
    const clause =
      '[{ path: [sub/a.yaml, sub/b.yaml], env_file: my.env, project_directory: other }]';
    const files = {
      'compose.yaml': main(clause),
      'sub/a.yaml': 'services: { db: { image: "${A}", env_file: e } }\n',
      'sub/b.yaml': 'services: { db: { command: [b] } }\n',
      'sub/.env': 'A=no\n',
      'my.env': 'A=yes\n',
    };
    expect(servicesOf(files).db).toEqual({ image: 'yes', env_file: 'e', command: ['b'] });
    const text = files['sub/a.yaml'].replace('env_file: e', 'network_mode: none, env_file: e');
    const own = { ...files, 'compose.yaml': `include: ${clause}\nservices: {}\n` };
    expect(
      read({ ...own, 'sub/a.yaml': text, 'other/e': 'E=1\n' }).root.containers.db.environment,
    ).toEqual({ E: '1' });
  });

  it('may be one path, and in several steps', () => {
    const files = {
      'compose.yaml': main('one/compose.yaml'),
      'one/compose.yaml': 'include: [../two/compose.yaml]\nservices: { one: { image: a } }\n',
      'two/compose.yaml': 'services: { two: { image: b } }\n',
    };
    expect(Object.keys(servicesOf(files)).sort()).toEqual(['one', 'two', 'web']);
  });

  it('may declare the same twice', () => {
    const files = {
      'compose.yaml': main('[a.yaml, b.yaml]'),
      'a.yaml': 'services: { db: { image: d } }\n',
      'b.yaml': 'services: { db: { image: d } }\n',
    };
    expect(servicesOf(files).db).toEqual({ image: 'd' });
  });

  it('may be changed by a file of ours', () => {
    const files = {
      'compose.yaml': main('[a.yaml]'),
      'a.yaml': 'services: { db: { image: d, command: [x] } }\n',
      'b.yaml': 'services: { db: { command: [y] } }\n',
    };
    expect(servicesOf(files, { overrides: ['b.yaml'] }).db).toEqual({ image: 'd', command: ['y'] });
  });

  it('works for baleine.yaml', () => {
    const files = {
      'baleine.yaml': `include: [sub/baleine.yaml]\n${withContainers('web: { image: base }')}`,
      'sub/baleine.yaml':
        'name: other\nimages: { other: { from: { tar: o.tar } } }\ncontainers: { db: { image: other, volumes: ["./x:/x"] } }\n',
    };
    const { config } = read(files);
    expect(config.name).toBe('shop');
    expect(config.images.other.from).toEqual({ tar: '/stack/sub/o.tar' });
    expect(config.containers.db.volumes).toMatchObject([{ source: '/stack/sub/x' }]);
  });

  it.each<[string, Files, string[]]>([
    [
      'what both declare',
      {
        'compose.yaml': 'include: [a.yaml]\nservices:\n  web: { image: w }\n',
        'a.yaml': 'services: { web: { image: other } }\n',
      },
      ['compose.yaml:3:3: services.web is declared here and in a.yaml, which this includes'],
    ],
    [
      'a circle',
      {
        'compose.yaml': 'include: [a.yaml]\n',
        'a.yaml': 'include:\n  - b.yaml\n',
        'b.yaml': 'include:\n  - a.yaml\n',
      },
      ['b.yaml:2:5: a.yaml includes itself, by way of others'],
    ],
    [
      'itself',
      { 'compose.yaml': 'include: [compose.yaml]\nservices: { a: { image: x } }\n' },
      ['compose.yaml:1:11: compose.yaml includes itself, by way of others'],
    ],
    [
      'no file',
      { 'compose.yaml': 'include:\n  - none.yaml\nservices: {}\n' },
      ['compose.yaml:2:5: cannot read none.yaml: no such file'],
    ],
    [
      'no path',
      { 'compose.yaml': 'include:\n  - { env_file: x }\nservices: {}\n' },
      ['compose.yaml:2:5: "include" needs the path of a file'],
    ],
    [
      'no second file',
      {
        'compose.yaml': 'include:\n  - path: [a.yaml, none.yaml]\nservices: {}\n',
        'a.yaml': 'services: {}\n',
      },
      ['compose.yaml:2:20: cannot read none.yaml: no such file'],
    ],
    [
      'no env file',
      {
        'compose.yaml': 'include:\n  - { path: a.yaml, env_file: none }\nservices: {}\n',
        'a.yaml': 'services: {}\n',
      },
      ['compose.yaml:2:31: cannot read none: no such file'],
    ],
    [
      'a project of another format',
      {
        'compose.yaml': 'include:\n  - baleine.yaml\nservices: {}\n',
        'baleine.yaml': 'containers: {}\n',
      },
      [
        'compose.yaml:2:5: cannot include baleine.yaml: it is a baleine.yaml, and this is a compose file',
      ],
    ],
    [
      'a wrong value there',
      {
        'compose.yaml': 'include: [sub/a.yaml]\nservices: {}\n',
        'sub/a.yaml': 'services:\n  db:\n    image: d\n    ports: ["x"]\n    network_mode: none\n',
      },
      ['sub/a.yaml:4:13: "x" publishes no port'],
    ],
  ])('refuses %s', (_what, files, expected) => {
    expect(problems(files)).toEqual(expected);
  });
});

describe('profiles', () => {
  const text = `services:
  a: { image: x, network_mode: none }
  b: { image: x, network_mode: none, profiles: [one] }
  c: { image: x, network_mode: none, profiles: [one, two] }
`;
  const active = (options: Options = {}, files: Files = {}) => {
    const { config } = read({ 'compose.yaml': text, ...files }, options);
    return [Object.keys(config.containers).join(' '), (config.inactive ?? []).join(' ')];
  };

  it.each<[string, Options, Files, string[]]>([
    ['none', {}, {}, ['a', 'b c']],
    ['one', { profiles: ['one'] }, {}, ['a b c', '']],
    ['another', { profiles: ['two'] }, {}, ['a c', 'b']],
    ['several', { profiles: ['x', 'two'] }, {}, ['a c', 'b']],
    ['all', { profiles: ['*'] }, {}, ['a b c', '']],
    ['of the shell', { env: { COMPOSE_PROFILES: 'x,two' } }, {}, ['a c', 'b']],
    ['of .env', {}, { '.env': 'COMPOSE_PROFILES=two\n' }, ['a c', 'b']],
    [
      'of the command line before the shell',
      { profiles: ['x'], env: { COMPOSE_PROFILES: 'two' } },
      {},
      ['a', 'b c'],
    ],
  ])('%s', (_what, options, files, expected) => {
    expect(active(options, files)).toEqual(expected);
  });

  it('leave out what nothing may depend on', () => {
    const file = `${text}  d:\n    image: x\n    network_mode: none\n    depends_on:\n      - b\n`;
    expect(problems({ 'compose.yaml': file })).toEqual([
      'compose.yaml:9:9: service b is left out, as none of its profiles is active',
    ]);
    const optional = file.replace('- b', 'b: { condition: service_started, required: false }');
    expect(read({ 'compose.yaml': optional }).root.containers.d.depends_on).toBeUndefined();
  });

  it('leave out services whose files are missing', () => {
    const file = text.replace('[one]', '[one], env_file: none.env');
    expect(active({}, { 'compose.yaml': file })).toEqual(['a', 'b c']);
  });

  it('work for baleine.yaml', () => {
    const file = withContainers('a: { image: base }\n  b: { image: base, profiles: [one] }');
    expect(Object.keys(read({ 'baleine.yaml': file }).config.containers)).toEqual(['a']);
    expect(
      Object.keys(read({ 'baleine.yaml': file }, { profiles: ['one'] }).config.containers),
    ).toEqual(['a', 'b']);
  });
});

describe('the name of a stack', () => {
  const file = (name: string) => `${name}services: { a: { image: x, network_mode: none } }\n`;
  it.each<[string, string, Options, Files, string]>([
    ['of the file', 'name: own\n', {}, {}, 'own'],
    ['with a variable', 'name: a${X}\n', { env: { X: 'b' } }, {}, 'ab'],
    ['of the shell', 'name: own\n', { env: { COMPOSE_PROJECT_NAME: 'shell' } }, {}, 'shell'],
    ['of .env', '', {}, { '.env': 'COMPOSE_PROJECT_NAME=env\n' }, 'env'],
    [
      'of the command line',
      'name: own\n',
      { name: 'cli', env: { COMPOSE_PROJECT_NAME: 'shell' } },
      {},
      'cli',
    ],
    ['of the folder', '', { directory: 'My.Shop_2' }, { 'My.Shop_2/x': '' }, 'myshop_2'],
  ])('%s', (_what, name, options, files, expected) => {
    expect(read({ 'compose.yaml': file(name), ...files }, options).config.name).toBe(expected);
  });
});

describe('discovery', () => {
  const folder = mkdtempSync(join(tmpdir(), 'baleine-discover-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let count = 0;

  const found = (files: string[], env: Record<string, string> = {}, at = '.') => {
    count += 1;
    const root = join(folder, String(count));
    for (const each of [...files, `${at}/-`]) {
      mkdirSync(join(root, each, '..'), { recursive: true });
      writeFileSync(join(root, each), '');
    }
    return discoverFiles(join(root, at), (name) => env[name]);
  };

  it.each<[string, string[], string[]]>([
    ['nothing', [], []],
    ['baleine.yaml first', ['baleine.yaml', 'compose.yaml'], ['baleine.yaml']],
    ['baleine.yml', ['baleine.yml', 'compose.yaml'], ['baleine.yml']],
    ['compose.yaml before others', ['docker-compose.yml', 'compose.yaml'], ['compose.yaml']],
    ['compose.yml', ['docker-compose.yaml', 'compose.yml'], ['compose.yml']],
    ['docker-compose.yaml', ['docker-compose.yml', 'docker-compose.yaml'], ['docker-compose.yaml']],
    ['docker-compose.yml', ['docker-compose.yml'], ['docker-compose.yml']],
    [
      'an override',
      ['compose.yaml', 'compose.override.yaml'],
      ['compose.yaml', 'compose.override.yaml'],
    ],
    [
      'an override with the other ending',
      ['compose.yaml', 'compose.override.yml'],
      ['compose.yaml', 'compose.override.yml'],
    ],
    [
      'docker-compose.override.yml',
      ['docker-compose.yml', 'docker-compose.override.yml'],
      ['docker-compose.yml', 'docker-compose.override.yml'],
    ],
    ['no override of baleine.yaml', ['baleine.yaml', 'compose.override.yaml'], ['baleine.yaml']],
  ])('finds %s', (_what, files, expected) => {
    expect(found(files)).toEqual(expected);
  });

  it('looks in the folders above', () => {
    expect(found(['compose.yaml', 'compose.override.yaml'], {}, 'a/b')).toEqual([
      '../../compose.yaml',
      '../../compose.override.yaml',
    ]);
    expect(found(['compose.yaml', 'a/baleine.yaml'], {}, 'a/b')).toEqual(['../baleine.yaml']);
  });

  it('takes the files of COMPOSE_FILE', () => {
    expect(found(['compose.yaml'], { COMPOSE_FILE: 'a.yaml:b.yaml' })).toEqual([
      'a.yaml',
      'b.yaml',
    ]);
    const env = { COMPOSE_FILE: 'a.yaml,b:c.yaml', COMPOSE_PATH_SEPARATOR: ',' };
    expect(found([], env)).toEqual(['a.yaml', 'b:c.yaml']);
    expect(found(['baleine.yaml'], env)).toEqual(['baleine.yaml']);
  });
});
