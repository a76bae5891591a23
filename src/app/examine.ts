import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { canShareBlocks } from '../host/linux/disks/reflink.js';
import { type Finding, ok, warn } from '../host/linux/doctor/finding.js';
import { diagnose } from '../host/linux/doctor/index.js';
import { poolAt } from '../host/linux/pool/file-system.js';
import { messageOf } from '../model/errors.js';
import { formatBytes } from '../model/format.js';
import { installPaths } from '../model/install-paths.js';
import { poolDraftFile } from '../model/pool.js';
import { hasUnmountedPool } from '../state/installation.js';
import { readMarker } from '../state/pool-marker.js';
import type { Context } from './context.js';
import { rowsOf } from './imperative/record.js';
import { poolStatus } from './pool/status.js';

/** What the host has and lacks, and what a pool would save, or needs. */
export async function examine(context: Context): Promise<Finding[]> {
  const { root } = context.options;
  if (!hasUnmountedPool(root)) {
    return [...(await diagnose(context.paths)), ...poolFindings(context)];
  }
  const unmounted = { name: NAME, status: 'fail' as const, detail: reasonOf(context) };
  return [...(await diagnose(installPaths(root))), unmounted];
}

export type { Finding };

const NAME = 'pool';

function reasonOf(context: Context): string {
  try {
    return `${context.paths.root}: not mounted`;
  } catch (error) {
    return messageOf(error);
  }
}

function poolFindings(context: Context): Finding[] {
  if (process.getuid?.() !== 0) return [];
  const { root } = context.paths;
  if (poolAt(root)) return [stateOf(root)];
  const draft = readMarker(poolDraftFile(root));
  if (draft) {
    const where = 'file' in draft.source ? draft.source.file : draft.source.device;
    const detail = `an attempt to create one was cut off: ${where}`;
    return [warn(NAME, detail, 'baleine pool create   # starts over, and removes what is left')];
  }
  return recommendation(context);
}

/** A sparse file promises room that the disk below may not have. */
function stateOf(root: string): Finding {
  const {
    file,
    device,
    size,
    used,
    allocated = 0,
    freeBelow = 0,
  } = poolStatus(root, { files: false });
  const text = `${file ?? device}: ${formatBytes(used)} of ${formatBytes(size)} used`;
  if (file === undefined) return ok(NAME, text);
  const most = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (most - allocated <= freeBelow) return ok(NAME, text);
  return warn(
    NAME,
    `${text}; it may grow by ${formatBytes(most - allocated)}, and ${formatBytes(freeBelow)} are free below it`,
    `free some room in ${dirname(file)}: a full disk there stops what writes in the pool`,
  );
}

/** Bytes of an image, and containers of it, from which on a pool is worth it. */
const LARGE = 100 * 2 ** 20;
const MANY = 3;

function recommendation(context: Context): Finding[] {
  const { root } = context.paths;
  if (!existsSync(root) || canShareBlocks(root)) return [];
  const sizes = new Map<string, { bytes: number; copies: number }>();
  for (const { spec } of rowsOf(stateRows(context), 'container')) {
    const blocks = statSync(spec.image.file, { throwIfNoEntry: false })?.blocks ?? 0;
    const { copies } = sizes.get(spec.image.file) ?? { copies: 0 };
    sizes.set(spec.image.file, { bytes: blocks * 512, copies: copies + 1 });
  }
  const large = [...sizes.values()].filter(({ bytes, copies }) => bytes > LARGE && copies > MANY);
  if (large.length === 0) return [];
  const saved = large.reduce((sum, { bytes, copies }) => sum + bytes * copies, 0);
  const containers = large.reduce((sum, { copies }) => sum + copies, 0);
  return [
    warn(
      NAME,
      `none: it would save the ${formatBytes(saved)} that ${containers} containers take as copies of large images`,
      'baleine pool create --size 50G   # there they cost neither time nor room',
    ),
  ];
}

/** A damaged state is for other commands to report. */
function stateRows(context: Context) {
  try {
    return context.state().rows;
  } catch {
    return [];
  }
}
