import { readFileSync } from 'node:fs';
import { replaceFile, syncPath } from '../host/linux/files/atomic-write.js';
import { messageOf, UserError } from '../model/errors.js';
import type { PoolMarker } from '../model/pool.js';

const FORMAT = 1;

/** Undefined if there is none. @throws UserError for one that was cut or edited */
export function readMarker(path: string): PoolMarker | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`);
  }
  const marker = parse(text);
  if (marker) return marker;
  throw new UserError(
    `cannot trust ${path}: it was cut or edited, or a later release wrote it`,
    'It says which pool belongs to the root. Nothing was changed.',
  );
}

/** Durable when it returns. */
export async function writeMarker(dir: string, path: string, marker: PoolMarker): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ format: FORMAT, ...marker })}\n`, { mode: 0o600 });
  await syncPath(dir);
}

function parse(text: string): PoolMarker | undefined {
  let value: Partial<PoolMarker> & { format?: number };
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { format, root, uuid, source, preallocated, phase } = value ?? {};
  const from = Object.entries(source ?? {});
  const isSource = from.length === 1 && /^(file|device)$/.test(from[0]?.[0] ?? '');
  if (format !== FORMAT || !isSource || typeof from[0]?.[1] !== 'string') return undefined;
  if (typeof root !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid ?? '')) {
    return undefined;
  }
  if (![undefined, 'moved', 'left'].includes(phase)) return undefined;
  return {
    ...{ root, uuid: uuid as string, source: source as PoolMarker['source'] },
    ...(preallocated && { preallocated }),
    ...(phase && { phase }),
  };
}
