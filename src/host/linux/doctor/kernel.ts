import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { messageOf } from '../../../model/errors.js';
import { linuxCapacity } from '../capacity.js';
import {
  type Controller,
  controllerDir,
  type Hierarchies,
  readHierarchies,
  unifiedControllers,
} from '../cgroups/hierarchies.js';
import { readText } from '../files/read.js';
import { run } from '../process/run.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** Checks what is loaded, and tries features that can only be detected by use. */
export async function kernelFindings(): Promise<Finding[]> {
  return [
    ok('kernel', release()),
    loopFinding(),
    ext4Finding(),
    await linkFinding('bridge'),
    await linkFinding('veth'),
    usernsFinding(),
  ];
}

function loopFinding(): Finding {
  if (existsSync('/dev/loop-control')) return ok('loop devices', '/dev/loop-control');
  return fail('loop devices', 'no /dev/loop-control', 'modprobe loop');
}

/** Not loaded does not mean missing: the first mount loads the module. */
function ext4Finding(): Finding {
  const loaded = /^\s*ext4$/m.test(readText('/proc/filesystems') ?? '');
  if (loaded) return ok('ext4', 'in the kernel');
  const modules = readText(`/lib/modules/${release()}/modules.dep`) ?? '';
  if (/\/ext4\.ko/.test(modules)) return ok('ext4', 'as a module');
  return fail('ext4', 'the kernel does not know it', 'modprobe ext4');
}

/** Creates a link in a network namespace that ends with the command. */
async function linkFinding(type: 'bridge' | 'veth'): Promise<Finding> {
  if (process.getuid?.() !== 0) return warn(type, 'not tried', 'sudo baleine doctor');
  const args = ['--net', '--', 'ip', 'link', 'add', 'name', 'try0', 'type', type];
  try {
    await run('unshare', args, { purpose: `make a ${type}` });
    return ok(type, 'works');
  } catch (error) {
    return fail(type, messageOf(error), `modprobe ${type}`);
  }
}

/** Only containers with `userns: auto` need user namespaces. */
function usernsFinding(): Finding {
  const problem = linuxCapacity().usernsProblem();
  if (problem === undefined) return ok('user namespaces', 'userns: auto can be had');
  return warn(
    'user namespaces',
    `no userns: auto: ${problem}`,
    'sysctl user.max_user_namespaces=4096',
  );
}

const CONTROLLERS: Controller[] = ['memory', 'cpu', 'cpuset', 'pids'];

export function cgroupFindings(hierarchies: Hierarchies = readHierarchies()): Finding[] {
  if (hierarchies.mode === 'none') {
    const fix = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup';
    return [fail('cgroups', 'no hierarchy is mounted', fix)];
  }
  const unified = unifiedControllers(hierarchies);
  const lacking = CONTROLLERS.filter(
    (each) => !hierarchies.v1.has(each) && !unified.includes(each),
  );
  const places = CONTROLLERS.filter((each) => !lacking.includes(each)).map((each) => {
    const version = controllerDir(hierarchies, each, '/')?.version;
    return hierarchies.mode === 'hybrid' ? `${each} (v${version})` : each;
  });
  const detail = `${hierarchies.mode}: ${places.join(', ')}`;
  if (lacking.length === 0) return [ok('cgroups', detail)];
  const fix = `boot with cgroup_enable=${lacking[0]} on the kernel command line`;
  return [fail('cgroups', `${detail}; missing: ${lacking.join(', ')}`, fix)];
}
