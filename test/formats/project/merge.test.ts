import { describe, expect, it } from 'vitest';
import { merged, problems } from './stack.js';

/** The service that two files make, each with these keys. */
function service(base: string, over: string): Record<string, unknown> {
  const file = (keys: string) => `services:\n  web:\n    ${keys.replaceAll('\n', '\n    ')}\n`;
  const files = { 'compose.yaml': file(base), 'other.yaml': file(over) };
  const root = merged(files, { overrides: ['other.yaml'] }) as {
    services: { web: Record<string, unknown> };
  };
  return root.services.web;
}

describe('the keys of a service in two files', () => {
  it.each<[what: string, base: string, over: string, expected: unknown]>([
    ['a scalar is replaced', 'image: a', 'image: b', { image: 'b' }],
    ['what only one has stays', 'image: a', 'user: b', { image: 'a', user: 'b' }],
    ['nothing replaces nothing', 'image: a', 'image:', { image: 'a' }],
    [
      'a mapping key by key',
      'logging: { driver: local, options: { a: "1" } }',
      'logging: { options: { b: "2" } }',
      { logging: { driver: 'local', options: { a: '1', b: '2' } } },
    ],
    [
      'options of another logging driver are dropped',
      'logging: { driver: local, options: { a: "1" } }',
      'logging: { driver: syslog, options: { b: "2" } }',
      { logging: { driver: 'syslog', options: { b: '2' } } },
    ],
    ['a list is appended', 'expose: ["1"]', 'expose: ["2"]', { expose: ['1', '2'] }],
    ['not what is there', 'cap_add: [a, b]', 'cap_add: [b, c]', { cap_add: ['a', 'b', 'c'] }],
    ['one value and a list', 'dns: 1.1.1.1', 'dns: [8.8.8.8]', { dns: ['1.1.1.1', '8.8.8.8'] }],
    ['two values', 'env_file: a', 'env_file: b', { env_file: ['a', 'b'] }],
    ['command', 'command: [a, b]', 'command: [c]', { command: ['c'] }],
    ['command by text', 'command: [a, b]', 'command: c d', { command: 'c d' }],
    ['command by nothing', 'command: [a, b]', 'command:', { command: null }],
    ['entrypoint', 'entrypoint: [a, b]', 'entrypoint: [c]', { entrypoint: ['c'] }],
    [
      'healthcheck.test',
      'healthcheck: { test: [CMD, a], retries: 2 }',
      'healthcheck: { test: [CMD, b] }',
      { healthcheck: { test: ['CMD', 'b'], retries: 2 } },
    ],
    [
      'environment as two mappings',
      'environment: { A: 1, B: 2 }',
      'environment: { B: 3, C: 4 }',
      { environment: { A: 1, B: 3, C: 4 } },
    ],
    [
      'environment as a mapping and a list',
      'environment: { A: 1, B: 2 }',
      'environment: [B=3, C=4=5, D]',
      { environment: { A: 1, B: '3', C: '4=5', D: null } },
    ],
    [
      'environment as a list and a mapping',
      'environment: [A=1, B]',
      'environment: { B: 2 }',
      { environment: { A: '1', B: 2 } },
    ],
    [
      'environment as two lists',
      'environment: [A=1, B=2]',
      'environment: [A=3]',
      { environment: { A: '3', B: '2' } },
    ],
    [
      'a variable of the shell in place of a value',
      'environment: { A: 1 }',
      'environment: { A: }',
      { environment: { A: null } },
    ],
    ['labels', 'labels: [a=1, b]', 'labels: { a: 2 }', { labels: { a: 2, b: null } }],
    ['sysctls', 'sysctls: [a=1]', 'sysctls: { a: 2 }', { sysctls: { a: 2 } }],
    [
      'build.args',
      'build: { context: ., args: [A=1] }',
      'build: { args: { B: 2 } }',
      { build: { context: '.', args: { A: '1', B: 2 } } },
    ],
    [
      'build as a folder and a mapping',
      'build: one',
      'build: { target: two }',
      { build: { context: 'one', target: 'two' } },
    ],
    [
      'build as a mapping and a folder',
      'build: { context: one, target: two }',
      'build: three',
      { build: { context: 'three', target: 'two' } },
    ],
    [
      'depends_on as a list and a mapping',
      'depends_on: [a]',
      'depends_on: { b: { condition: service_healthy } }',
      { depends_on: { a: null, b: { condition: 'service_healthy' } } },
    ],
    [
      'depends_on of the same service',
      'depends_on: { a: { condition: service_started, restart: true } }',
      'depends_on: { a: { condition: service_healthy } }',
      { depends_on: { a: { condition: 'service_healthy', restart: true } } },
    ],
    [
      'networks as a list and a mapping',
      'networks: [a, b]',
      'networks: { b: { aliases: [c] } }',
      { networks: { a: null, b: { aliases: ['c'] } } },
    ],
    [
      'ports',
      'ports: ["80:80"]',
      'ports: ["80:80", "80:80/udp", "127.0.0.1:80:80"]',
      { ports: ['80:80', '80:80/udp', '127.0.0.1:80:80'] },
    ],
    [
      'ports in two forms',
      'ports: ["8080:80/tcp"]',
      'ports: [{ target: 80, published: "8080", mode: host }]',
      { ports: [{ target: 80, published: '8080', mode: 'host' }] },
    ],
    [
      'ports in the long form',
      'ports: [{ target: 80, published: 8080, name: a }]',
      'ports: [{ target: 80, published: 8080, mode: host }]',
      { ports: [{ target: 80, published: 8080, name: 'a', mode: 'host' }] },
    ],
    [
      'volumes by their target',
      'volumes: ["a:/x:ro", "b:/y", /z]',
      'volumes: ["./c:/y", /z, "d:/w"]',
      { volumes: ['a:/x:ro', './c:/y', '/z', 'd:/w'] },
    ],
    [
      'volumes in two forms',
      'volumes: ["a:/x"]',
      'volumes: [{ type: bind, source: ./b, target: /x }]',
      { volumes: [{ type: 'bind', source: './b', target: '/x' }] },
    ],
    [
      'volumes whose target ends with a slash',
      'volumes: ["a:/x/"]',
      'volumes: ["b:/x"]',
      { volumes: ['b:/x'] },
    ],
    [
      'secrets by their target',
      'secrets: [a, { source: b, target: c }]',
      'secrets: [{ source: x, target: c }, { source: a, mode: "0400" }]',
      {
        secrets: [
          { source: 'a', mode: '0400' },
          { source: 'x', target: 'c' },
        ],
      },
    ],
    [
      'configs by their target',
      'configs: [{ source: a, target: /c }]',
      'configs: [{ source: b, target: /c }]',
      { configs: [{ source: 'b', target: '/c' }] },
    ],
    [
      'devices by their target',
      'devices: ["/dev/a:/dev/x"]',
      'devices: ["/dev/b:/dev/x:r"]',
      { devices: ['/dev/b:/dev/x:r'] },
    ],
    [
      'devices without a target',
      'devices: [/dev/a]',
      'devices: [/dev/b]',
      { devices: ['/dev/a', '/dev/b'] },
    ],
    ['!reset of a key', 'ports: ["80:80"]', 'ports: !reset []', {}],
    [
      '!reset of a variable',
      'environment: { A: 1, B: 2 }',
      'environment: { A: !reset null }',
      { environment: { B: 2 } },
    ],
    ['!override of a list', 'ports: ["80:80"]', 'ports: !override ["81:81"]', { ports: ['81:81'] }],
    [
      '!override of a mapping',
      'environment: { A: 1 }',
      'environment: !override { B: 2 }',
      { environment: { B: 2 } },
    ],
    ['ulimits', 'ulimits: { a: 1, b: 2 }', 'ulimits: { b: 3 }', { ulimits: { a: 1, b: 3 } }],
    [
      'ulimits in two forms',
      'ulimits: { a: 1 }',
      'ulimits: { a: { soft: 2, hard: 3 } }',
      { ulimits: { a: { soft: 2, hard: 3 } } },
    ],
    [
      'deploy',
      'deploy: { replicas: 2, resources: { limits: { memory: 1g } } }',
      'deploy: { replicas: 3, resources: { limits: { cpus: "2" } } }',
      { deploy: { replicas: 3, resources: { limits: { memory: '1g', cpus: '2' } } } },
    ],
    [
      'extra_hosts in two forms',
      'extra_hosts: ["a:1.1.1.1"]',
      'extra_hosts: { b: 2.2.2.2 }',
      { extra_hosts: { a: '1.1.1.1', b: '2.2.2.2' } },
    ],
    ['x-', 'x-a: { b: 1 }', 'x-a: { c: 2 }', { 'x-a': { b: 1, c: 2 } }],
  ])('%s', (_what, base, over, expected) => {
    expect(service(base, over)).toEqual(expected);
  });
});

describe('files', () => {
  it('are merged in their order, also outside of services', () => {
    const files = {
      'compose.yaml': 'name: shop\nservices: { a: { image: a } }\nvolumes: { x: }\n',
      'b.yaml': 'services: { b: { image: b }, a: { image: b } }\nvolumes: { x: { name: y } }\n',
      'c.yaml': 'services: { a: { image: c } }\nnetworks: { n: { internal: true } }\n',
    };
    expect(merged(files, { overrides: ['b.yaml', 'c.yaml'] })).toEqual({
      name: 'shop',
      services: { a: { image: 'c' }, b: { image: 'b' } },
      volumes: { x: { name: 'y' } },
      networks: { n: { internal: true } },
    });
  });

  it('take away a whole service with !reset', () => {
    const files = {
      'compose.yaml': 'services: { a: { image: a }, b: { image: b } }\n',
      'b.yaml': 'services:\n  b: !reset null\n',
    };
    expect(merged(files, { overrides: ['b.yaml'] })).toEqual({ services: { a: { image: 'a' } } });
  });

  it('of baleine.yaml follow the same rules', () => {
    const files = {
      'baleine.yaml':
        'containers: { a: { command: [a], publish: ["1:1"], environment: [A=1], bridges: [x] } }\n',
      'b.yaml':
        'containers: { a: { command: [b], publish: ["2:1"], environment: { B: 2 }, bridges: { y: } } }\n',
    };
    expect(merged(files, { overrides: ['b.yaml'] })).toEqual({
      containers: {
        a: {
          command: ['b'],
          publish: ['1:1', '2:1'],
          environment: { A: '1', B: 2 },
          bridges: { x: null, y: null },
        },
      },
    });
  });

  it('merge the servers and the proxy of a farm', () => {
    const files = {
      'baleine.yaml': 'farms: { a: { servers: { command: [a] }, proxy: { command: [p] } } }\n',
      'b.yaml': 'farms: { a: { servers: { command: [b] }, proxy: { command: [q] } } }\n',
    };
    expect(merged(files, { overrides: ['b.yaml'] })).toEqual({
      farms: { a: { servers: { command: ['b'] }, proxy: { command: ['q'] } } },
    });
  });
});

describe('files that do not fit', () => {
  it('have two formats', () => {
    const files = {
      'compose.yaml': 'services: {}\n',
      'baleine.yaml': 'containers: {}\n',
    };
    expect(problems(files, { overrides: ['baleine.yaml'] })).toEqual([
      'cannot merge baleine.yaml into compose.yaml: it is a baleine.yaml, and the first is a compose file',
    ]);
  });

  it('have both formats in one file', () => {
    expect(problems({ 'compose.yaml': 'containers: {}\nservices: {}\n' })).toEqual([
      'compose.yaml:2:1: "services" is a key of a compose file, and "containers" one of baleine.yaml',
    ]);
  });

  it('have two names', () => {
    const files = {
      'compose.yaml': 'name: a\nservices: {}\n',
      'b.yaml': 'services: {}\nname: b\n',
    };
    expect(problems(files, { overrides: ['b.yaml'] })).toEqual([
      'b.yaml:2:7: this file is of stack b, and an earlier one of a',
    ]);
  });

  it('have a list in one and a mapping in the other', () => {
    const files = {
      'compose.yaml': 'services:\n  a:\n    ulimits: { a: 1 }\n',
      'b.yaml': 'services:\n  a:\n    ulimits:\n      - b\n',
    };
    expect(problems(files, { overrides: ['b.yaml'] })).toEqual([
      'b.yaml:4:7: cannot be merged: an earlier file has a mapping here',
    ]);
  });

  it('are missing, too large, or no text', () => {
    const files = { 'compose.yaml': 'services: {}\n', 'large.yaml': '#'.repeat(1024 * 1024 + 1) };
    expect(problems(files, { overrides: ['none.yaml'] })).toEqual([
      'cannot read none.yaml: no such file',
    ]);
    expect(problems(files, { overrides: ['large.yaml'] })).toEqual([
      'cannot read large.yaml: it is larger than 1 MiB',
    ]);
  });

  it('show the place in the file that a value came from', () => {
    const files = {
      'compose.yaml': 'services:\n  web:\n    image: nginx\n',
      'b.yaml': '# second\nservices:\n  web:\n    ports:\n      - "80:x"\n    wrong: 1\n',
    };
    expect(problems(files, { overrides: ['b.yaml'] })).toEqual([
      'b.yaml:6:5: unknown key "wrong" in services.web',
    ]);
    const other = { ...files, 'b.yaml': files['b.yaml'].replace('    wrong: 1\n', '') };
    expect(problems(other, { overrides: ['b.yaml'] })).toContain(
      'b.yaml:5:9: "80:x" publishes no port',
    );
  });
});
