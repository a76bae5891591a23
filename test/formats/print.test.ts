// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseFile } from '../../src/formats/load.js';
import { toData, toYaml } from '../../src/formats/print.js';
import { resolveProject } from '../../src/formats/resolve.js';
import type { Source } from '../../src/formats/yaml/read-file.js';
import type { Config } from '../../src/model/config.js';

const dir = mkdtempSync(join(tmpdir(), 'print-'));
afterAll(() => rmSync(dir, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}

const source = (text: string, more: Partial<Source> = {}): Source => ({
  file: 'compose.yaml',
  text,
  directory: dir,
  env: {},
  project: { overrides: [] },
  ...more,
});

function configOf(text: string, keepsVariables = false, more: Partial<Source> = {}): string {
  const resolved = resolveProject(source(text, more), { keepsVariables });
  return toYaml(resolved.root, { ...resolved, escape: !keepsVariables });
}

describe('config', () => {
  it('merges files, expands variables and rewrites paths of other folders', () => {
    write({
      'other/compose.yaml':
        'services: { db: { image: "db:1", env_file: db.env, volumes: ["./data:/data", "kept:/kept"] } }\nvolumes: { kept: {} }\n',
      'prod.yaml': 'services: { web: { environment: { B: "$$x" } } }\n',
    });
    const text =
      'include: [other/compose.yaml]\nservices:\n  web: { image: "web:${TAG}", environment: [A=1], mem_limit: 1.50 }\n  off: { image: x, profiles: [debug] }\n';
    const more = {
      env: { TAG: '2' },
      project: { overrides: [join(dir, 'prod.yaml')], name: 'shop' },
    };
    expect(configOf(text, false, more)).toBe(
      `name: shop
services:
  web:
    image: web:2
    environment:
      A: "1"
      B: $$x
    mem_limit: 1.50
  db:
    image: db:1
    env_file: ./other/db.env
    volumes:
      - ./other/data:/data
      - kept:/kept
volumes:
  kept: {}
`,
    );
    const resolved = resolveProject(source(text, more));
    expect(resolved).toMatchObject({
      services: ['web', 'db'],
      images: ['web:2', 'db:1'],
      volumes: ['kept'],
      profiles: ['debug'],
    });
    expect(toData(resolved.root, { ...resolved, escape: false })).toMatchObject({
      name: 'shop',
      services: { web: { environment: { B: '$x' } } },
    });
  });

  it('keeps variables when asked', () => {
    const text = 'name: a\nservices: { web: { image: "web:${TAG:-1}" } }\n';
    expect(configOf(text, true)).toContain('image: web:${TAG:-1}\n');
  });

  it('never has the value of a secret', () => {
    write({ 'key.txt': 'hunter3', 'web.env': 'PASS=hunter4\n' });
    const text =
      'services: { web: { image: web, env_file: web.env, secrets: [a, b] } }\nsecrets: { a: { environment: PW }, b: { file: ./key.txt } }\n';
    const printed = configOf(text, false, { env: { PW: 'hunter2' } });
    expect(printed).toContain('environment: PW\n');
    expect(printed).not.toContain('hunter');
  });

  it('quotes what YAML 1.1 reads otherwise', () => {
    const text =
      'name: a\ncontainers: { web: { image: b, labels: { a: "yes", b: "1.10", c: 007 } } }\n';
    const printed = configOf(text, false, { file: 'baleine.yaml' });
    expect(printed).toMatch(/a: "yes"\n +b: "1.10"\n +c: "007"\n/);
  });
});

const SECTIONS = [
  'name',
  'images',
  'bridges',
  'volumes',
  'containers',
  'farms',
  'secrets',
  'configs',
];
const sectionsOf = (config: Config) =>
  Object.fromEntries(SECTIONS.map((each) => [each, config[each as keyof Config]]));

/** Without a way out, which needs more of the host. */
const INTERNAL = 'networks: { default: { internal: true }, back: { internal: true } }\n';

const STACKS: [string, string][] = [
  [
    'one service',
    'services: { web: { image: "nginx:1.27", user: "1000", restart: "on-failure:3" } }\n',
  ],
  [
    'dollars, numbers and words',
    'services:\n  web:\n    image: web\n    command: echo "$$HOME" \'$${x}\' yes\n    environment: { A: "$$x$$$$", B: 007, C: 1.10, D: "on", E: True, F: "" }\n    labels: ["a=b: c", "d=#e"]\n    cpus: 0.50\n',
  ],
  [
    'mounts, secrets, a build, health and dependencies',
    'services:\n  web:\n    build: { context: ./app, args: { A: 1 } }\n    volumes: ["./data:/data:ro", "kept:/kept", { type: bind, source: ../up, target: /up }]\n    secrets: [a, { source: b, target: bee, mode: 0444 }]\n    healthcheck: { test: curl -f http://x, interval: 1m30s }\n    depends_on: { db: { condition: service_healthy } }\n    networks: { back: { aliases: [w] } }\n  db: { image: "postgres:16", restart: always, networks: [back], tmpfs: /run, healthcheck: { test: [CMD, "true"] } }\nvolumes: { kept: {} }\nsecrets: { a: { file: ./a.txt }, b: { environment: B } }\n',
  ],
  [
    'a farm',
    'services: { web: { image: web, ports: ["80:8080"], deploy: { replicas: 3, update_config: { parallelism: 2 } } } }\n',
  ],
  [
    'an included file of another folder',
    'include: [inc/compose.yaml]\nservices: { web: { image: web } }\n',
  ],
];

describe('convert', () => {
  it.each(STACKS)('gives a baleine.yaml that means the same: %s', (_name, text) => {
    write({
      'inc/compose.yaml':
        'services: { own: { build: ., volumes: ["./x:/x"], secrets: [s] } }\nsecrets: { s: { file: s.txt } }\n',
    });
    const parsed = parseFile(
      source(`${text}${INTERNAL}`, { project: { overrides: [], name: 'shop' } }),
    );
    const made = toYaml(parsed.root, { format: 'baleine', directory: dir, escape: true });
    expect(made).not.toContain(dir);
    const again = parseFile(source(made, { file: 'baleine.yaml' }));
    expect(again.format).toBe('baleine');
    expect(sectionsOf(again.config)).toEqual(sectionsOf(parsed.config));
  });
});
