import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/formats/load.js';
import { configJson } from '../../../src/host/linux/runtime/config-json.js';
import { filterFor } from '../../../src/host/linux/runtime/filter.js';
import { readHostFacts } from '../../../src/host/linux/runtime/host-facts.js';
import { desired } from '../../../src/kinds/desired.js';
import { UserError } from '../../../src/model/errors.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { OciSpec } from '../../../src/model/oci.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { validFile, type WrittenFile } from '../../support/arbitrary.js';

/** From Debian's golang-github-opencontainers-specs-dev. */
const SCHEMAS = '/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema';

/** The schemas are of draft 4, but use nothing that later drafts define differently. */
function ociSchema() {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  for (const file of readdirSync(SCHEMAS)) {
    const { $schema, id, ...schema } = JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8'));
    ajv.addSchema({ ...schema, $id: `oci:/${file}` });
  }
  const validate = ajv.getSchema('oci:/config-schema.json');
  if (!validate) throw new Error('no schema of the OCI runtime specification');
  return validate;
}

const validate = ociSchema();
const paths = installPaths('/var/lib/baleine');
const host = readHostFacts();

function specsOf(file: WrittenFile): ContainerSpec[] {
  const source = { file: 'baleine.yaml', text: JSON.stringify(file), env: {}, directory: '/srv' };
  const config = loadConfig(source);
  return desired({ config, rows: [], paths, sources: {}, origins: {} })
    .filter(({ kind }) => kind === 'container')
    .map(({ spec }) => spec as ContainerSpec);
}

/** Undefined if this host does not support the container's options, which is a UserError. */
function bundleOf(spec: ContainerSpec): OciSpec | undefined {
  try {
    return configJson(spec, {
      rootfs: '/',
      ...(spec.userns && { userns: { ids: spec.userns, path: '/x/user', root: '/x/rootfs' } }),
      cgroup: '/baleine/x/y',
      netns: '/run/netns/x',
      files: { '/etc/hosts': { source: '/x/hosts', executable: true } },
      user: { uid: 0, gid: 0, additionalGids: [], home: '/' },
      host,
      seccomp: (capabilities) => filterFor(spec, capabilities),
    });
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return undefined;
  }
}

it('finds what is wrong in a config.json', () => {
  const [spec] = specsOf({
    name: 'x',
    images: { base: { from: { host: { binaries: ['/bin/busybox'] } }, command: ['busybox'] } },
    bridges: {},
    volumes: {},
    containers: { a: { image: 'base' } },
  });
  const right = bundleOf(spec as ContainerSpec);
  expect(validate(right)).toBe(true);
  expect(validate({ ...right, ociVersion: 1 })).toBe(false);
  const linux = { ...right?.linux, resources: { pids: {} } };
  expect(validate({ ...right, linux })).toBe(false);
});

it('writes a valid and strict config.json for any file', () => {
  let [bundles, refused] = [0, 0];
  const property = fc.property(validFile, (file) => {
    for (const spec of specsOf(file)) {
      const bundle = bundleOf(spec);
      if (!bundle) refused += 1;
      else {
        bundles += 1;
        validate(bundle);
        expect(validate.errors ?? []).toEqual([]);
        expectStrict(bundle, spec);
      }
    }
  });
  fc.assert(property, { numRuns: 600 });
  process.stdout.write(`${bundles} bundles are valid, ${refused} specs were refused\n`);
  expect(bundles).toBeGreaterThan(500);
});

/** Checks restrictions that no option may lift and that the schema does not cover. */
function expectStrict({ process, linux, mounts }: OciSpec, spec: ContainerSpec): void {
  expect(process.noNewPrivileges).toBe(true);
  expect(process.oomScoreAdj).toBeGreaterThanOrEqual(0);
  expect(process.capabilities.inheritable).toEqual([]);
  expect(process.capabilities.ambient).toEqual([]);
  for (const name of process.capabilities.bounding) expect(host.capabilities).toContain(name);
  expect(linux.namespaces.map(({ type }) => type).sort()).toEqual([
    'cgroup',
    'ipc',
    'mount',
    'network',
    'pid',
    ...(spec.userns ? ['user'] : []),
    'uts',
  ]);
  expect(linux.resources.devices[0]).toEqual({ allow: false, access: 'rwm' });
  expect(linux.resources.pids.limit).toBeGreaterThan(0);
  expect(linux.cgroupsPath).toMatch(/^\/baleine\//);
  const memory = linux.resources.memory;
  if (memory?.swap !== undefined) expect(memory.swap).toBe(memory.limit);
  expect(linux.seccomp === undefined).toBe(spec.security === 'unconfined');
  if (linux.seccomp) expect(linux.seccomp.defaultAction).toBe('SCMP_ACT_ERRNO');
  const dev = mounts.filter(({ destination }) => destination === '/dev');
  expect(dev.map(({ type }) => type)).toEqual(['tmpfs']);
  for (const { destination, type, options } of mounts) {
    expect(destination).toMatch(/^\//);
    if (['sysfs', 'cgroup'].includes(type)) expect(options).toContain('ro');
    if (type !== 'bind') expect(options).toContain('nosuid');
  }
}
