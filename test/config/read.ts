import { ConfigError } from '../../src/config/problem.js';
import { loadConfig } from '../../src/formats/load.js';
import type { Config } from '../../src/model/config.js';

export function read(text: string, env: Record<string, string> = {}): Config {
  return loadConfig({ file: 'baleine.yaml', text, env, directory: '/srv/shop' });
}

/** What the user sees of a file that is refused. */
export function complaint(text: string, env: Record<string, string> = {}): string {
  try {
    read(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the file was accepted');
}

/** Each first line: place and message. */
export function places(text: string, env: Record<string, string> = {}): string[] {
  return complaint(text, env)
    .split('\n')
    .filter((line) => line.startsWith('baleine.yaml:'))
    .map((line) => line.slice('baleine.yaml:'.length));
}

/** A file around one container `web` with these keys, which begin on line 5. */
export function withContainer(keys: string): string {
  const lines = keys.split('\n').map((line) => `    ${line}`);
  return [
    'name: shop',
    'images: { base: { from: { tar: base.tar } } }',
    'containers:',
    '  web:',
    ...lines,
    '    image: base',
    '',
  ].join('\n');
}

/** A file with these bridges on line 3, and containers from line 5. */
export function withBridges(bridges: string, containers = ''): string {
  return [
    'name: shop',
    'images: { base: { from: { tar: base.tar } } }',
    `bridges: { ${bridges} }`,
    'containers:',
    ...containers.split('\n').map((line) => `  ${line}`),
    '',
  ].join('\n');
}
