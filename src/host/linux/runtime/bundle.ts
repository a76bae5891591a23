import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { cgroupPath, type InstallPaths, netnsPath } from '../../../model/install-paths.js';
import { socketVariable } from '../../../model/publish.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { configJson, type Terminal } from './config-json.js';
import { checkDisk } from './disk-checks.js';
import { filterFor } from './filter.js';
import { readHostFacts } from './host-facts.js';
import { idmapStageOf, type StagedMounts } from './idmap-staging.js';
import { INIT_TARGET, requireInit, underInit } from './init.js';
import { bundleFiles } from './layout.js';
import { bindsRecursively } from './mounts.js';
import { givePrivateFiles } from './private-files.js';
import type { SelectedRuntime } from './select.js';

/**
 * Writes the OCI bundle of a container, after checking its mounted disk, which may have changed
 * since the last start. The files are small and in memory (/run): awaiting a promise for each takes
 * longer than writing it.
 *
 * @throws UserError for a disk or an option that would reach the host
 */
export function writeBundle(
  paths: InstallPaths,
  spec: ContainerSpec,
  runtime: Pick<SelectedRuntime, 'name' | 'version'>,
  terminal?: Terminal,
): void {
  const files = bundleFiles(paths, spec.id);
  const user = checkDisk(files.rootfs, spec);
  const stage = spec.userns && idmapStageOf(paths, spec.id);
  const mounts = spec.mounts.map((each, i) => ({
    ...each,
    source: stage?.mount(i) ?? each.source,
  }));
  const config = configJson(
    {
      ...spec,
      mounts,
      args: spec.init ? underInit(spec.args) : spec.args,
      environment: { ...spec.environment, ...descriptorsOf(spec) },
    },
    {
      rootfs: files.rootfs,
      ...(stage &&
        spec.userns && { userns: { ids: spec.userns, path: stage.user, root: stage.rootfs } }),
      cgroup: cgroupPath(paths, spec.id),
      netns: spec.host_network ? 'host' : netnsPath(paths, spec.id),
      ...(terminal && { terminal }),
      recursive: bindsRecursively(runtime),
      files: Object.fromEntries(
        ownFiles(paths, spec).map(([target, source], i) => [target, stage?.file(i) ?? source]),
      ),
      user,
      host: readHostFacts(),
      seccomp: (capabilities) => filterFor(spec, capabilities),
    },
  );
  givePrivateFiles(paths, spec.mounts, user.uid);
  mkdirSync(files.dir, { recursive: true, mode: 0o700 });
  writeFileSync(files.config, JSON.stringify(config), { mode: 0o600 });
  copyFileSync(spec.hosts_file, files.hosts);
  writeFileSync(files.hostname, `${spec.hostname}\n`, { mode: 0o644 });
  writeFileSync(files.resolv, resolvConf(spec.dns), { mode: 0o644 });
}

/** Environment variables that map each address to the descriptor of its socket. */
const descriptorsOf = ({ sockets = [] }: ContainerSpec) =>
  Object.fromEntries(sockets.map((place, index) => [socketVariable(place), `fd@${3 + index}`]));

/** Bind-mounted read-only, by path inside. */
function ownFiles(
  paths: InstallPaths,
  { id, init }: Pick<ContainerSpec, 'id' | 'init'>,
): [string, string][] {
  const { hosts, hostname, resolv } = bundleFiles(paths, id);
  return [
    ['/etc/hosts', hosts],
    ['/etc/hostname', hostname],
    ['/etc/resolv.conf', resolv],
    ...(init ? [[INIT_TARGET, requireInit()] as [string, string]] : []),
  ];
}

/** The bundle's sources for `withIdmapStage`. */
export function stagedMounts(paths: InstallPaths, spec: ContainerSpec): StagedMounts {
  const files = ownFiles(paths, spec).map(([, source]) => source);
  return { rootfs: bundleFiles(paths, spec.id).rootfs, mounts: spec.mounts, files };
}

/** resolv.conf(5). Empty instead of the host's, whose servers cannot be reached from inside. */
const resolvConf = (dns: string[]) => dns.map((address) => `nameserver ${address}\n`).join('');
