import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Converted, ConvertInput } from '../../src/convert/stack.js';
import { parseFile } from '../../src/formats/load.js';

/** What an engine's files are made from: a file in /srv/shop, for files beside it. */
export function inputOf(text: string, more: Partial<ConvertInput> = {}): ConvertInput {
  const { config, root } = parseFile({
    file: 'baleine.yaml',
    text,
    env: {},
    directory: '/srv/shop',
  });
  return { config, root, directory: '/srv/shop', ...more };
}

export const textOf = ({ files }: Converted, name: string): string => {
  const found = files.find((each) => each.name === name);
  if (!found) throw new Error(`no ${name} in ${files.map((each) => each.name).join(' ')}`);
  return found.text;
};

/** Every stack below examples/. */
export const EXAMPLES = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .filter((path) => /(^|\/)(baleine|compose)\.yaml$/.test(path))
  .map((path) => join('examples', path));

export function exampleOf(path: string): ConvertInput {
  const directory = resolve(path, '..');
  const text = readFileSync(path, 'utf8');
  const { config, root } = parseFile({ file: path, text, env: {}, directory });
  return { config, root, directory };
}

/** A stack with all that has a word elsewhere. */
export const SHOP = `name: shop
images:
  web: { from: { registry: "nginx:1.27" } }
  app: { from: { tar: app.tar } }
bridges:
  front: { subnet: 10.9.1.0/24, host: 10.9.1.1 }
  back: { subnet: 10.9.2.0/24, isolated: true }
volumes:
  data: { size: 1G }
secrets:
  token: { file: ./token.txt }
configs:
  motd: { content: "costs $$5\\n" }
containers:
  db_1:
    image: app
    bridges: [back]
    command: [serve, "a b", "100%", "$$HOME"]
    environment: { A: "it's \\"x\\"", NUMBER: "0x1F" }
    volumes: ["data:/data", "./conf:/conf:ro"]
    secrets: [{ source: token, mode: 0400 }]
    configs: [motd]
    user: "1000:1000"
    read_only: true
    tmpfs: ["/cache:size=1m"]
    limits: { memory: 64M, cpus: 0.5, pids: 100 }
    healthcheck: { exec: [ping, db], interval: 10s }
    stop_grace_period: 30s
    labels: { team: a }
farms:
  shop:
    servers:
      image: web
      replicas: 3
      port: 80
      bridges: [back]
      healthcheck: { http: { port: 80, path: /ok } }
    proxy:
      image: app
      listen: 80
      sticky: cookie
      bridges: [front, back]
      publish: ["8080:80"]
    update: { parallelism: 2, monitor: 5s, drain: 3s }
jobs:
  clean: { image: app, command: [clean], schedule: "30 4 * * 1-5", timeout: 1m, retries: 2 }
`;

/** The output of a program that is given files, in a folder that has them. */
export function outputWith(files: Converted['files'], program: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'baleine-convert-'));
  try {
    for (const { name, text } of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe' } as const;
    return execFileSync(program, args, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
