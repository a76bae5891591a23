import { readdirSync, writeFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { planStack } from '../../../src/app/make-plan.js';
import { parseFile } from '../../../src/formats/load.js';
import { configCache } from '../../../src/model/install-paths.js';
import { MemoryRun, memoryInstallation } from '../../support/memory-run.js';

vi.mock('../../../src/formats/load.js', { spy: true });

/** The error of a plan; caches the file. */
async function failure({ dir, paths, file }: ReturnType<typeof memoryInstallation>) {
  const run = new MemoryRun(file, paths);
  const config = await run.config();
  run.fastPath.store();
  const records = run.fastPath.records();
  const error = await planStack(run, config, records, {}).catch((each: unknown) => each);
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
    const installation = memoryInstallation();
    writeFileSync(installation.file, text);
    vi.mocked(parseFile).mockClear();
    const first = await failure(installation);
    expect(first).toContain(line);
    expect(readdirSync(configCache(installation.paths))).toHaveLength(1);
    expect(parseFile).toHaveBeenCalledTimes(1);
    expect(await failure(installation)).toBe(first);
    expect(parseFile).toHaveBeenCalledTimes(1);
  },
);
