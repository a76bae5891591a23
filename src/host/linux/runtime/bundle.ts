import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { cgroupPath, netnsPath, type Site } from '../../../model/site.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { configJson } from './config-json.js';
import { seccompFor } from './filter.js';
import { readHostFacts } from './host-facts.js';
import { checkTree, checkWorkingDir } from './inside.js';
import { bundleFiles } from './layout.js';
import { resolveUser } from './users.js';

/**
 * Writes the OCI bundle of a container beside its mounted disk, which is looked at first: it may
 * have changed since it was last started.
 *
 * @throws UserError for a disk or a wish that would reach the host
 */
export async function writeBundle(
  site: Site,
  spec: ContainerSpec,
  { terminal = false } = {},
): Promise<void> {
  const files = bundleFiles(site, spec.id);
  checkTree(files.rootfs);
  checkWorkingDir(files.rootfs, spec.working_dir, spec.mounts);
  const config = configJson(spec, {
    rootfs: files.rootfs,
    cgroup: cgroupPath(site, spec.id),
    netns: netnsPath(site, spec.id),
    terminal,
    files: {
      '/etc/hosts': files.hosts,
      '/etc/hostname': files.hostname,
      '/etc/resolv.conf': files.resolv,
    },
    user: resolveUser(files.rootfs, spec.user),
    host: readHostFacts(),
    seccomp: seccompFor,
  });
  await mkdir(files.dir, { recursive: true, mode: 0o700 });
  await Promise.all([
    writeFile(files.config, JSON.stringify(config), { mode: 0o600 }),
    copyFile(spec.hosts_file, files.hosts),
    writeFile(files.hostname, `${spec.hostname}\n`, { mode: 0o644 }),
    writeFile(files.resolv, resolvConf(spec.dns), { mode: 0o644 }),
  ]);
}

/** resolv.conf(5). An empty one, and not the host's: its servers cannot be reached from inside. */
const resolvConf = (dns: string[]) => dns.map((address) => `nameserver ${address}\n`).join('');
