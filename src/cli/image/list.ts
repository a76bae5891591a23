import { rowsOf } from '../../app/imperative/record.js';
import type { Probe } from '../../host/ports.js';
import { describeSource } from '../../kinds/image/columns.js';
import { byName } from '../../model/address.js';
import { formatBytes } from '../../model/format.js';
import { type InstallPaths, imageFile, previousFile } from '../../model/install-paths.js';
import { isNeverCreated, type Row } from '../../model/resource.js';
import { renderTable } from '../../view/table.js';

/** An image as `image list --json` has it. */
export interface ListedImage {
  name: string;
  stack: string;
  id: string;
  /** Its first creation failed or was interrupted: create it again, or remove it. */
  unfinished?: true;
  /** Bytes of the file; what it occupies with the version kept beside it; null when it is gone. */
  size: number;
  used: number | null;
  source: string;
  created_at?: string;
  /** Ids of the containers made from it. */
  containers: string[];
}

/** Of every stack, as they are on the host now. */
export function describeImages(
  rows: readonly Row[],
  probe: Probe,
  site: InstallPaths,
): ListedImage[] {
  return rowsOf(rows, 'image')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map(({ name, stack, spec, facts, ...row }) => ({
      name,
      stack,
      id: spec.id,
      ...(isNeverCreated({ ...row, name, stack, spec, facts }) && { unfinished: true as const }),
      size: spec.size,
      used: usedBy(spec.id, probe, site),
      source: describeSource(spec.from),
      ...(typeof facts.created_at === 'string' && { created_at: facts.created_at }),
      containers: rowsOf(usersOf(rows, spec.id, site), 'container').map((row) => row.spec.id),
    }));
}

function usedBy(id: string, probe: Probe, site: InstallPaths): number | null {
  const file = probe.file(imageFile(site, id));
  return file ? file.used + (probe.file(previousFile(site, id))?.used ?? 0) : null;
}

export function imageTable(images: ListedImage[]): string {
  const header = ['NAME', 'STACK', 'SIZE', 'USED', 'SOURCE', 'CREATED', 'CONTAINERS'];
  const rows = images.map(({ name, stack, size, source, created_at, containers, ...state }) => [
    ...[name, stack, formatBytes(size), presence(state), source],
    ...[created_at?.slice(0, 19) ?? '-', String(containers.length)],
  ]);
  return renderTable(header, rows);
}

function presence({ used, unfinished }: Pick<ListedImage, 'used' | 'unfinished'>): string {
  if (unfinished) return 'unfinished';
  return used === null ? 'gone' : formatBytes(used);
}

/** Containers made from an image, and images derived from it, of whatever stack. */
export function usersOf(rows: readonly Row[], id: string, site: InstallPaths): Row[] {
  const file = imageFile(site, id);
  const files = [file, previousFile(site, id)];
  return [
    ...rowsOf(rows, 'container').filter(({ spec }) => files.includes(spec.image.file)),
    ...rowsOf(rows, 'image').filter(({ spec }) => spec.base?.file === file),
  ];
}
