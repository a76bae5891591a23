import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolvConf } from '../../../kinds/container/keys/dns.js';
import { EGRESS_FILES } from '../../../model/egress.js';
import { UserError } from '../../../model/errors.js';
import {
  cgroupPath,
  type InstallPaths,
  memoryFile,
  netnsPath,
} from '../../../model/install-paths.js';
import { socketEnvironment } from '../../../model/publish.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { configJson, type Terminal } from './config-json.js';
import { checkDisk } from './disk-checks.js';
import { filterFor } from './filter.js';
import { readHostFacts } from './host-facts.js';
import { idmapStageOf, type StagedMounts } from './idmap-staging.js';
import { INIT_TARGET, requireInit, underInit } from './init.js';
import { bundleFiles } from './layout.js';
import { bindsRecursively, dropsFlags, type MountedFile } from './mounts.js';
import { givePrivateFiles } from './private-files.js';
import type { SelectedRuntime } from './select.js';
import { sharedPaths } from './shared-namespaces.js';

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
  checkMemoryFiles(paths, spec);
  const user = checkDisk(files.rootfs, spec);
  const stage = spec.userns && idmapStageOf(paths, spec.id);
  const { egress } = spec;
  const mounts = spec.mounts.map((each, i) => ({
    ...each,
    source: stage?.mount(i) ?? each.source,
  }));
  const config = configJson(
    {
      ...spec,
      mounts,
      args: spec.init ? underInit(spec.args) : spec.args,
      environment: { ...spec.environment, ...socketEnvironment(spec.sockets ?? []) },
    },
    {
      rootfs: files.rootfs,
      ...(stage &&
        spec.userns && { userns: { ids: spec.userns, path: stage.user, root: stage.rootfs } }),
      cgroup: cgroupPath(paths, spec.id),
      netns: spec.host_network || egress ? 'host' : netnsPath(paths, spec.network?.id ?? spec.id),
      ...(egress && { opensTap: true }),
      ...sharedPaths(paths, spec),
      ...(terminal && { terminal }),
      recursive: bindsRecursively(runtime),
      dropsFlags: dropsFlags(runtime),
      files: Object.fromEntries(
        filesOf(paths, spec).map(({ target, source, executable }, i) => [
          target,
          { source: stage?.file(i) ?? source, executable },
        ]),
      ),
      user,
      host: readHostFacts(),
      seccomp: (capabilities) => filterFor(spec, capabilities),
    },
  );
  givePrivateFiles(paths, spec.mounts, user.uid);
  mkdirSync(files.dir, { recursive: true, mode: 0o700 });
  // never a file that a stack names: CRIU runs programs that its options name
  const annotations = { ...config.annotations, [CRIU_OPTIONS]: files.criu };
  writeFileSync(files.config, JSON.stringify({ ...config, annotations }), { mode: 0o600 });
  copyFileSync(spec.hosts_file, files.hosts);
  writeFileSync(files.hostname, `${spec.hostname}\n`, { mode: 0o644 });
  writeFileSync(files.resolv, resolvConf(spec), { mode: 0o644 });
}

/** Where runtimes look for options of CRIU that have no flag of their own. */
const CRIU_OPTIONS = 'org.criu.config';

type FileToMount = MountedFile & { target: string };

/** Files to bind-mount read-only: those of every container, and its secrets and configs. */
function filesOf(paths: InstallPaths, spec: ContainerSpec): FileToMount[] {
  const { id, init, network, egress, secrets = [], configs = [] } = spec;
  // those of the container whose network it shares, which follow its changes
  const { hosts, hostname, resolv } = bundleFiles(paths, network?.id ?? id);
  const own = [
    ['/etc/hosts', hosts],
    ['/etc/hostname', hostname],
    ['/etc/resolv.conf', resolv],
    ...(init ? [[INIT_TARGET, requireInit()] as const] : []),
    ...(egress
      ? [
          [EGRESS_FILES.net, netnsPath(paths, id)] as const,
          [EGRESS_FILES.user, idmapStageOf(paths, id).user] as const,
        ]
      : []),
  ] as const;
  return [
    ...own.map(([target, source]) => ({ target, source, executable: true })),
    ...[...secrets, ...configs].map(({ target, mode }) => ({
      target,
      source: memoryFile(paths, id, target),
      executable: (mode & 0o111) !== 0,
    })),
  ];
}

/** @throws UserError if a secret or config was removed since it was written */
function checkMemoryFiles(paths: InstallPaths, { id, secrets = [], configs = [] }: ContainerSpec) {
  const gone = [...secrets, ...configs].find(
    ({ target }) => !existsSync(memoryFile(paths, id, target)),
  );
  if (!gone) return;
  throw new UserError(`cannot start ${id}: its file for ${gone.target} is gone from memory`);
}

/** The bundle's sources for `withIdmapStage`. */
export function stagedMounts(paths: InstallPaths, spec: ContainerSpec): StagedMounts {
  const { rootfs } = bundleFiles(paths, spec.id);
  return { rootfs, mounts: spec.mounts, files: filesOf(paths, spec) };
}
