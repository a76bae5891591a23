import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Context } from '../../src/app/context.js';
import { planStack } from '../../src/app/make-plan.js';
import { parseFile } from '../../src/formats/baleine/load.js';
import type { Capacity, Preconditions } from '../../src/host/ports.js';
import { configCache, installPaths } from '../../src/model/install-paths.js';
import { MemoryHost } from '../support/memory-host.js';

vi.mock('../../src/formats/baleine/load.js', { spy: true });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baleine-positions-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A run of its own on an in-memory host that has two CPUs, a listener on port 8080 and no /gone. */
class Run extends Context {
  override get paths() {
    return { ...installPaths(join(dir, 'root')), run: join(dir, 'run') };
  }

  override async probe() {
    return new MemoryHost(this.paths).probe();
  }

  override capacity(): Capacity {
    return {
      cpus: () => '0-1',
      controller: () => 1,
      isBlockDevice: () => true,
      usernsProblem: () => undefined,
      labelProblem: () => undefined,
      addresses: () => ['10.0.0.1'],
      listener: (address) => ({ address, pid: 7, program: 'nginx' }),
    };
  }

  override async preconditions(): Promise<Preconditions> {
    return {
      isBlockDevice: () => true,
      labelProblem: () => undefined,
      bindSourceProblem: (path) => `bind source ${path} does not exist`,
      securityProblem: () => undefined,
      sysctlProblem: () => undefined,
      runtimeProblem: () => undefined,
      unreclaimable: () => undefined,
      uplinkProblem: () => undefined,
      subnetProblem: () => undefined,
      forwards: () => false,
    };
  }
}

/** The error of a plan; caches the file. */
async function failure(): Promise<unknown> {
  const context = new Run({ file: join(dir, 'baleine.yaml'), root: dir, color: false });
  const config = await context.config();
  context.cacheConfig();
  const records = { rows: [], serial: '', fingerprint: undefined };
  const error = await planStack(context, config, records, {}).catch((each: unknown) => each);
  return String(error).replaceAll(`${dir}/`, '');
}

const stack = (container: string, more = '') => `# a line
name: one
images: { base: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] } }
bridges:
  net: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
containers:
  web:
    image: base
    bridges: [net]
${container}
${more}`;

it.each([
  [
    'a bind source that is missing',
    stack('    volumes:\n    - /gone:/gone'),
    'baleine.yaml:11:7: bind source /gone does not exist',
  ],
  [
    'a published port that is taken',
    stack("    publish: ['0.0.0.0:8080:80']"),
    'baleine.yaml:10:15: cannot publish 0.0.0.0:8080: nginx (process 7) listens there',
  ],
  [
    'a certificate that is missing',
    stack(
      '',
      `farms:
  shop:
    servers: { image: base, bridges: [net], port: 80, command: [busybox] }
    proxy: { image: base, bridges: [net], listen: 80, tls: { listen: 443, certificate: gone.pem } }`,
    ),
    'baleine.yaml:14:55: cannot read gone.pem: no such file',
  ],
  [
    'a limit above what the host has',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the file
    stack('    limits:\n      memory: ${MEMORY:-64M}\n      cpus: ${CPUS:-3}'),
    'baleine.yaml:12:7: cannot give 3 CPUs: this host has 2 CPUs, 0-1',
  ],
])(
  '%s is reported with its line, also without parsing the file again',
  async (_what, text, line) => {
    writeFileSync(join(dir, 'baleine.yaml'), text);
    vi.mocked(parseFile).mockClear();
    const first = await failure();
    expect(first).toContain(line);
    expect(readdirSync(configCache({ ...installPaths(dir), run: join(dir, 'run') }))).toHaveLength(
      1,
    );
    expect(parseFile).toHaveBeenCalledTimes(1);
    expect(await failure()).toBe(first);
    expect(parseFile).toHaveBeenCalledTimes(1);
  },
);
