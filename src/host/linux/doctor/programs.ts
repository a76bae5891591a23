import { existsSync } from 'node:fs';
import { messageOf } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { linuxCgroups } from '../cgroups/index.js';
import { findProgram, packageOf } from '../process/programs.js';
import { run } from '../process/run.js';
import { checkpointProblem, criuProblem } from '../runtime/checkpoint.js';
import { PROFILE } from '../runtime/seccomp.js';
import { selectRuntime } from '../runtime/select.js';
import { wasmEngines } from '../runtime/wasm.js';
import { type Finding, fail, ok, warn } from './finding.js';

interface Program {
  names: [string, ...string[]];
  /** Option that prints the version. */
  flag: string;
  /** What does not work without the program; absent if containers cannot run without it. */
  only?: string;
}

const PROGRAMS: Program[] = [
  { names: ['ip'], flag: '-Version' },
  { names: ['mount'], flag: '--version' },
  { names: ['mkfs.ext4'], flag: '-V' },
  { names: ['e2fsck'], flag: '-V' },
  { names: ['resize2fs'], flag: '-V' },
  { names: ['cp'], flag: '--version' },
  { names: ['conmon'], flag: '--version' },
  { names: ['perl'], flag: '-v' },
  { names: ['haproxy'], flag: '-v', only: 'published ports' },
  { names: ['tini-static', 'catatonit'], flag: '--version', only: 'containers with init' },
  { names: ['slirp4netns'], flag: '--version', only: 'way out of a bridge (egress)' },
  { names: ['dnsmasq'], flag: '--version', only: 'resolver of a bridge (dns: true)' },
  { names: ['mmdebstrap', 'debootstrap'], flag: '--version', only: 'images from debian' },
  { names: ['tar'], flag: '--version', only: 'images from tar, docker and oci' },
  { names: ['xz'], flag: '--version', only: 'images from .tar.xz' },
  { names: ['skopeo'], flag: '--version', only: 'images from a registry, export to docker' },
  { names: ['mkfs.xfs'], flag: '-V', only: 'pool (baleine pool)' },
  { names: ['restic'], flag: 'version', only: 'backups of volumes' },
  { names: ['age'], flag: '--version', only: 'secrets encrypted with age' },
  { names: ['buildah'], flag: '--version', only: 'images from dockerfile' },
  { names: ['zstd'], flag: '--version', only: 'images from .tar.zst and compressed archives' },
];

export async function programFindings(): Promise<Finding[]> {
  return Promise.all(PROGRAMS.map(programFinding));
}

async function programFinding({ names, flag, only }: Program): Promise<Finding> {
  const name = names.find(findProgram);
  if (name !== undefined) return ok(name, await versionOf(name, flag));
  const fix = `apt-get install ${packageOf(names[0])}`;
  if (only === undefined) return fail(names[0], 'not installed', fix);
  return warn(names.join(' or '), `not installed: no ${only}`, fix);
}

/** Programs print it on either stream, a few with a nonzero exit code. */
async function versionOf(name: string, flag: string): Promise<string> {
  try {
    const { stdout, stderr } = await run(name, [flag], { reject: false, timeout: 5000 });
    const version = /\d+\.\d+[^\s,)]*/.exec(stdout || stderr)?.[0];
    return `${version ?? 'version unknown'} (${packageOf(name)})`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Finds the runtime that can start a container here: being installed is not enough. */
export async function runtimeFinding(paths: InstallPaths): Promise<Finding> {
  if (process.getuid?.() !== 0) return warn('OCI runtime', 'not tried', 'sudo baleine doctor');
  try {
    const { name, version, command, tried } = await selectRuntime(paths, linuxCgroups());
    const helped = command.length > 1 ? ', once it knows that cgroup v2 has no controllers' : '';
    const detail = [`${name} ${version} works${helped}`, ...tried.map(formatTried)].join('; ');
    const refused = tried.find(({ error }) => /hybrid/.test(error));
    return refused ? warn('OCI runtime', detail, HYBRID_FIX) : ok('OCI runtime', detail);
  } catch (error) {
    return fail('OCI runtime', oneLine(messageOf(error)), 'apt-get install crun runc');
  }
}

/**
 * On a hybrid host both versions have controllers that we limit with, and crun 1.8 needs all of
 * them on one.
 */
const HYBRID_FIX = 'boot with systemd.unified_cgroup_hierarchy=1: all controllers on cgroup v2';

const formatTried = ({ name, error }: { name: string; error: string }) =>
  `${name}: ${oneLine(error)}`;
const oneLine = (text: string) => text.replace(/\s*\n\s*/g, '; ');

/** Whether processes can be saved and restored here. */
export async function checkpointFinding(): Promise<Finding> {
  if (process.getuid?.() !== 0) return warn('checkpoints', 'not tried', 'sudo baleine doctor');
  const names = ['runc', 'crun'].filter((name) => findProgram(name) !== undefined);
  const problem = await criuProblem();
  if (problem) {
    return warn('checkpoints', `none: ${problem.message}`, problem.hint ?? 'another kernel');
  }
  const able: string[] = [];
  for (const name of names) if (!(await checkpointProblem(name))) able.push(name);
  if (able.length > 0) return ok('checkpoints', `of containers with ${able.join(' or ')}`);
  return warn('checkpoints', 'none: no runtime is built with CRIU', 'apt-get install runc');
}

/** Containers with `wasm`. No crun of Debian is built so. */
export function wasmFinding(): Finding {
  const path = findProgram('crun');
  const { name, engines } = path ? wasmEngines('crun', path) : { name: 'no crun', engines: [] };
  if (engines.length > 0)
    return ok('WebAssembly', `${name} runs modules with ${engines.join(', ')}`);
  const detail = path ? `${name} is built without it` : name;
  const fix = 'install a crun that shows +WASM:… as its version';
  return warn('WebAssembly', `${detail}: no containers with wasm`, fix);
}

export function seccompFinding(): Finding {
  if (existsSync(PROFILE)) return ok('seccomp profile', PROFILE);
  const fix = 'apt-get install golang-github-containers-common';
  return fail('seccomp profile', `no ${PROFILE}: only unconfined containers start`, fix);
}
