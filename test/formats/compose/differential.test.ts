// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { split } from 'shlex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { merged } from '../project/stack.js';

/** The services of two files, compared with what docker-compose 1.29 of Debian makes of them. */
const CASES: [base: string, over: string][] = [
  ...pairs('environment', ['{ A: 1, B: x }', '[A=1, C=3=4]', '{ A: "", D: }', '[B=2, E]']),
  ...pairs('labels', ['{ a: x, b: y }', '[a=1, c]', '[b=2=3]']),
  ...pairs('command', ['[a, b c]', 'a "b c"', "sh -c 'x y'"]),
  ...pairs('entrypoint', ['[a, b]', 'c d']),
  ...pairs('dns', ['1.1.1.1', '[8.8.8.8]', '[1.1.1.1, 9.9.9.9]']),
  ...pairs('cap_add', ['[A, B]', '[B, C]']),
  ...pairs('volumes', ['["/a:/x", "/b:/y:ro"]', '["/c:/x:ro"]', '["/d:/z", "/e:/y"]']),
  ...pairs('ports', ['["80:80"]', '["81:80", "80:80"]', '["53:53/udp"]', '["127.0.0.1:80:80"]']),
  ...pairs('devices', ['["/dev/a:/dev/x"]', '["/dev/b:/dev/x", "/dev/c:/dev/y"]']),
  ...pairs('image', ['"a${X}"', '"a${N:-d}"', '"a${N-d}b$X"', '"${E:-x}${E-y}"', 'a$$b']),
  ...pairs('user', ['"1"', '"${X}"']),
];

/** Each value alone, and each one changed by each other. */
function pairs(key: string, values: string[]): [string, string][] {
  return values.flatMap((base): [string, string][] => [
    [`${key}: ${base}`, 'tty: true'],
    ...values
      .filter((over) => over !== base)
      .map((over): [string, string] => [`${key}: ${base}`, `${key}: ${over}`]),
  ]);
}

const ENV = { X: '7', E: '', D: 'shell' };
const withImage = (keys: string) => (keys.startsWith('image') ? keys : `image: x, ${keys}`);
const file = (serviceOf: (base: string, over: string, name: string) => string) =>
  `services:\n${CASES.map(([base, over], i) => serviceOf(base, over, `s${i}`)).join('')}`;

const WAYS: [way: string, files: Record<string, string>][] = [
  [
    'files',
    {
      'a.compose.yaml': file((base, _over, name) => `  ${name}: { ${withImage(base)} }\n`),
      'b.compose.yaml': file((_base, over, name) => `  ${name}: { ${over} }\n`),
    },
  ],
  [
    'extends',
    {
      'compose.yaml': file(
        (base, over, name) =>
          `  base-${name}: { ${withImage(base)} }\n  ${name}: { extends: { service: base-${name} }, ${over} }\n`,
      ),
    },
  ],
];

type Service = Record<string, unknown>;
const isInstalled = versionOf()?.includes('1.29') ?? false;
if (!isInstalled)
  process.stderr.write('not compared with docker-compose 1.29: it is not installed\n');

function versionOf(): string | undefined {
  try {
    return execFileSync('docker-compose', ['version', '--short'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

const asMapping = (value: unknown, sign: string): Record<string, string | null> => {
  const all = Array.isArray(value)
    ? value.map((each: string): [string, unknown] => {
        const at = each.indexOf(sign);
        return at < 0 ? [each, null] : [each.slice(0, at), each.slice(at + 1)];
      })
    : Object.entries(value as object);
  return Object.fromEntries(all.map(([name, each]) => [name, each === null ? null : String(each)]));
};

const portOf = (port: unknown): string => {
  if (typeof port !== 'object' || port === null) return String(port).replace('/tcp', '');
  const { published, target, protocol = 'tcp' } = port as Record<string, unknown>;
  return `${published}:${target}${protocol === 'tcp' ? '' : `/${protocol}`}`;
};

/** One form for each key, as the two programs choose different ones; what is twice counts once. */
function plain({
  cap_add,
  environment,
  labels,
  command,
  entrypoint,
  dns,
  volumes,
  ports,
  ...others
}: Service) {
  const words = (value: unknown) => (typeof value === 'string' ? split(value) : value);
  const variables = Object.entries(environment ? asMapping(environment, '=') : {}).map(
    ([name, value]) => [name, value ?? (ENV as Record<string, string>)[name] ?? null] as const,
  );
  return {
    ...others,
    environment: Object.fromEntries(variables),
    labels: Object.fromEntries(
      Object.entries(labels ? asMapping(labels, '=') : {}).map(([name, each]) => [
        name,
        each ?? '',
      ]),
    ),
    command: words(command),
    entrypoint: words(entrypoint),
    cap_add: [...((cap_add ?? []) as string[])].sort(),
    dns: [...new Set([dns ?? []].flat())],
    volumes: ((volumes ?? []) as string[]).map((each) => each.replace(/:rw$/, '')).sort(),
    ports: ((ports ?? []) as unknown[]).map(portOf).sort(),
  };
}

describe.skipIf(!isInstalled).each(WAYS)(
  'by %s, docker-compose makes the same of',
  (_way, files) => {
    const folder = mkdtempSync(join(tmpdir(), 'baleine-differential-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    let [ours, theirs]: Record<string, Service>[] = [];

    beforeAll(() => {
      const names = Object.entries(files).map(([name, text]) => {
        writeFileSync(join(folder, name), text);
        return ['-f', name];
      });
      const output = execFileSync('docker-compose', [...names.flat(), 'config'], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, ...ENV },
      });
      // it writes a file, in which a dollar sign is two
      theirs = parse(output.replaceAll('$$', '$')).services;
      const options = { overrides: Object.keys(files).slice(1), env: ENV };
      ours = (merged(files, options) as { services: Record<string, Service> }).services;
    });

    it('has enough cases', () => {
      expect(CASES.length).toBeGreaterThanOrEqual(60);
    });

    it.each(CASES.map(([base, over], i) => [base, over, `s${i}`]))('%s and %s', (_a, _b, name) => {
      expect(theirs?.[name]).toBeDefined();
      expect(plain(ours?.[name] ?? {})).toEqual(plain(theirs?.[name] ?? {}));
    });
  },
);
