import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../../src/formats/load.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'docker-dns-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const load = (text: string) =>
  loadConfig({ file: join(directory, 'compose.yaml'), text, env: {}, directory });

const web = (keys: string, more = '') => `services:
  web:
    image: nginx
${keys
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
${more}`;

it.each([
  ['in a command', 'command: [proxy, --resolver, "127.0.0.11:53"]', '', 'compose.yaml:4:34'],
  ['in a variable', 'environment: { RESOLVER: 127.0.0.11 }', '', 'compose.yaml:4:30'],
  [
    'in a config',
    'configs: [nginx]',
    'configs: { nginx: { content: "resolver 127.0.0.11;" } }',
    'compose.yaml:5:30',
  ],
  ['in a file that is mounted', 'volumes: ["./a.conf:/etc/a.conf:ro"]', '', 'a.conf:2:12'],
  [
    'in a file of a config',
    'configs: [nginx]',
    'configs: { nginx: { file: ./a.conf } }',
    'a.conf:2:12',
  ],
])(
  'Docker’s name server %s: the network has a resolver, and a warning says so',
  (_, keys, more, place) => {
    writeFileSync(join(directory, 'a.conf'), 'server {\n  resolver 127.0.0.11 valid=10s;\n}\n');
    const { bridges, warnings } = load(web(keys, more));
    expect(bridges.default).toMatchObject({ dns: true });
    expect(warnings).toEqual([
      expect.stringContaining(`${place}: 127.0.0.11 is Docker’s name server`),
    ]);
  },
);

it.each([
  ['without it', 'command: [proxy, 127.0.0.110, 1127.0.0.11]'],
  ['in a file that is missing', 'volumes: ["./none.conf:/etc/a.conf:ro"]'],
  ['in data', 'volumes: ["./a.bin:/data:ro"]'],
])('no resolver %s', (_, keys) => {
  writeFileSync(join(directory, 'a.bin'), '127.0.0.11');
  const { bridges, warnings } = load(web(keys));
  expect(bridges.default).not.toHaveProperty('dns', true);
  expect(warnings).toBeUndefined();
});

it('a network says itself what it has', () => {
  const keys = 'command: [proxy, 127.0.0.11]';
  const dns = (value: string) =>
    load(web(keys, `networks: { default: { x-baleine: { dns: ${value} } } }`)).bridges.default;
  expect(dns('false')).not.toHaveProperty('dns', true);
  expect(dns('{ forward: 10.0.0.1 }')).toMatchObject({ dns: { forward: ['10.0.0.1'] } });
});
