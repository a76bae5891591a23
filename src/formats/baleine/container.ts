import type { Path } from '../../config/document.js';
import { defined, type ParseContext } from '../../config/values.js';
import { imageHealthOf } from '../../kinds/container/keys/healthcheck.js';
import { KEYS } from '../../kinds/container/keys/index.js';
import type { KeyEntries, KeyName } from '../../kinds/container/keys/types.js';
import type { ContainerEntry, FarmEntry } from '../../model/config.js';
import { proxyOf, updateOf } from './farm.js';
import type { Container, Farm } from './file.gen.js';

/** Each key reads whatever the schema lets through of it: else this does not compile. */
type Readers = {
  [N in KeyName]: {
    read(raw: Container[N], path: Path, reading: ParseContext, container: Container): unknown;
  };
};

const READERS = Object.entries(KEYS satisfies Readers) as [
  KeyName,
  { read(raw: unknown, path: Path, reading: ParseContext, container: Container): unknown },
][];

export function containerOf(raw: Container, path: Path, reading: ParseContext): ContainerEntry {
  const entries = READERS.map(([name, key]) => [
    name,
    key.read(raw[name], [...path, name], reading, raw),
  ]);
  return defined({
    ...(Object.fromEntries(entries) as KeyEntries),
    image_health: imageHealthOf(raw.healthcheck, [...path, 'healthcheck'], reading),
  });
}

export function farmOf(
  { servers, proxy, update }: Farm,
  path: Path,
  reading: ParseContext,
): FarmEntry {
  const { port, ...server } = servers;
  const { container, options } = proxyOf(proxy, reading);
  return {
    servers: { ...containerOf(server, [...path, 'servers'], reading), port },
    proxy: {
      ...containerOf(container, [...path, 'proxy'], reading),
      ...options,
    },
    update: updateOf(update, [...path, 'update'], reading),
  };
}
