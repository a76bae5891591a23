import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validFile, type WrittenFile } from '../support/arbitrary.js';
import { complaint, read } from './read.js';

type Container = Record<string, unknown>;

/** Each takes a right file and makes it wrong, in a way that nothing else in it can excuse. */
const inContainer: Record<string, Container> = {
  'an unknown key': { privileged: true },
  'an unknown image': { image: 'no-such' },
  'an image that is no text': { image: 5 },
  'an unknown bridge': { bridges: ['no-such'] },
  'an address elsewhere': { bridges: { front: { address: '10.99.0.1' } } },
  'the host’s address': { bridges: { front: { address: '10.77.1.1' } } },
  'a bad MAC': { bridges: { front: { mac: 'zz' } } },
  'a published port of no number': { publish: ['http:80'] },
  'a published port beyond all': { publish: ['127.0.0.1:70000:80'] },
  'a published port of no address': { publish: ['127.0.0.256:8080:80'] },
  'a port that is published twice': { publish: ['127.0.0.1:8080:80', '0.0.0.0:8080:81'] },
  'a published port of several replicas': { replicas: 2, publish: ['127.0.0.1:8080:80'] },
  'a published port out of reach': { bridges: [], publish: ['127.0.0.1:8080:80'] },
  'an unknown volume': { volumes: ['no-such:/x'] },
  'a mount on /proc': { volumes: ['data:/proc'] },
  'a mount out of the tree': { volumes: ['data:/x/../../y'] },
  'a relative working directory': { working_dir: 'srv' },
  'fewer replicas than none': { replicas: -1 },
  'too many replicas': { replicas: 1e9 },
  'half a replica': { replicas: 1.5 },
  'a tiny memory': { limits: { memory: '1K' } },
  'a memory without a unit there is': { limits: { memory: '5X' } },
  'a negative memory': { limits: { memory: -1 } },
  'no CPUs': { limits: { cpus: 0 } },
  'CPUs as text': { limits: { cpus: 'half' } },
  'too few shares': { limits: { cpu_shares: 1 } },
  'a cpuset that is none': { limits: { cpuset: '0-' } },
  'a cpuset backwards': { limits: { cpuset: '3-1' } },
  'no pids': { limits: { pids: 0 } },
  'a throttle without a rate': { limits: { io: [{ device: 'disk' }] } },
  'a throttle by a relative path': { limits: { io: [{ device: 'vda', write_bps: '1M' }] } },
  'two throttles of one device': { limits: { io: [{ write_bps: '1M' }, { read_bps: '1M' }] } },
  'a throttle that stops all': { limits: { io: [{ write_bps: 1 }] } },
  'a device rule of no type': { limits: { devices: [{ allow: 'x 1:3 rwm' }] } },
  'a device rule both ways': { limits: { devices: [{ allow: 'c 1:3 r', deny: 'c 1:3 r' }] } },
  'a device rule that cannot be': { limits: { devices: [{ deny: 'c 136:1 rwm' }] } },
  'a class of nothing': { limits: { net_class: 0 } },
  'an unknown restart': { restart: 'sometimes' },
  'an unknown signal': { stop_signal: 'SIGNONE' },
  'a duration without a unit': { stop_grace_period: '10' },
  'an unknown security': { security: 'none' },
  'a restricted root': { security: 'restricted', user: 'root' },
  'an unknown capability': { cap_add: ['EVERYTHING'] },
  'a capability to drop that is none': { cap_drop: [5] },
  'a flag that is text': { read_only: 'yes' },
  'a soft limit above the hard': { ulimits: { nofile: { soft: 5, hard: 4 } } },
  'an unknown ulimit': { ulimits: { files: 5 } },
  'a resolver that is no address': { dns: ['dns.example'] },
  'itself as a dependency': { depends_on: ['no-such'] },
  'a host name with a space': { hostname: 'a b' },
  'a command that is a number': { command: 5 },
  'a runtime by its path': { runtime: '../runc' },
};

const wholeFile: Record<string, (file: WrittenFile) => unknown> = {
  'a bad name': (file) => ({ ...file, name: '../x' }),
  'no name': ({ name: _, ...file }) => file,
  'an unknown section': (file) => ({ ...file, services: {} }),
  'a section that is a list': (file) => ({ ...file, containers: [] }),
  'a container that is text': (file) => ({ ...file, containers: { a: 'base' } }),
  'an image from nothing': (file) => ({ ...file, images: { ...file.images, x: {} } }),
  'an image from two': (file) => ({
    ...file,
    images: { ...file.images, x: { from: { tar: 'a', directory: 'b' } } },
  }),
  'a subnet with host bits': (file) => ({
    ...file,
    bridges: { ...file.bridges, x: { subnet: '10.1.2.3/24' } },
  }),
  'subnets that overlap': (file) => ({
    ...file,
    bridges: { ...file.bridges, x: { subnet: '10.77.1.128/25' } },
  }),
  'a volume with a slash': (file) => ({ ...file, volumes: { ...file.volumes, 'a/b': {} } }),
};

type Mutation = (file: WrittenFile) => string;

const mutations: Record<string, Mutation> = {
  ...Object.fromEntries(
    Object.entries(inContainer).map(([what, keys]): [string, Mutation] => [
      what,
      (file) => {
        const [[name, entry] = ['', {}]] = Object.entries(file.containers);
        const containers = { ...file.containers, [name]: { ...entry, ...keys } };
        return JSON.stringify({ ...file, containers }, null, 1);
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(wholeFile).map(([what, change]): [string, Mutation] => [
      what,
      (file) => JSON.stringify(change(file), null, 1),
    ]),
  ),
  'cut off': (file) => JSON.stringify(file).slice(0, -1),
  'a tag': (file) => `!!map ${JSON.stringify(file)}`,
  'a second document': (file) => `${JSON.stringify(file)}\n---\n`,
  'an unset variable': (file) => JSON.stringify({ ...file, name: '$' + '{NOT_SET:?it must be}' }),
};

describe('of a valid file', () => {
  it('there are no problems', () => {
    fc.assert(
      fc.property(validFile, (file) => {
        expect(Object.keys(read(JSON.stringify(file)).containers)).toEqual(
          Object.keys(file.containers),
        );
      }),
      { numRuns: 100 },
    );
  });

  /** Ten files for each of more than fifty ways: more than five hundred wrong files. */
  it.each(Object.entries(mutations))(
    'an error in %s is reported with its place',
    (_what, mutate) => {
      fc.assert(
        fc.property(validFile, (file) => {
          const said = complaint(mutate(file));
          expect(said).toMatch(/^baleine\.yaml:\d+:\d+: \S/m);
        }),
        { numRuns: 10 },
      );
    },
  );
});
