import { resolve } from 'node:path';
import type { Entry, SourceText } from '../../config/document.js';
import { below, fieldsOf, itemsOf, mappingOf, textOf } from '../entries.js';
import type { Loading } from '../project/loading.js';

/** The name server that Docker has in each container. */
const ADDRESS = /(?<![\d.])127\.0\.0\.11(?![\d.])/;

export const DOCKER_DNS =
  '127.0.0.11 is Docker’s name server, and nothing answers there: the resolver of a network (dns: true) is the first name server in /etc/resolv.conf; `x-baleine: {dns: {address: …}}` of the network fixes its address';

/** Configuration files: others are data. */
const FILE = /(\.(conf|cfg|template)|\/Caddyfile)$/;

/** Files that are read of one service. */
const MOST = 20;

type Place = Pick<Entry, 'at' | 'source'>;

/**
 * Where a service asks Docker's name server: in its own values, in its configs, and in single files
 * that are bound into it, as far as they are there when the compose file is read.
 */
export function dockerDnsIn(service: Entry, root: Entry, loading: Loading): Place[] {
  const configs = (itemsOf(below(service, 'configs') ?? service) ?? []).flatMap((each) => {
    const name = textOf(below(each, 'source') ?? each);
    return (name === undefined ? undefined : below(root, 'configs', name)) ?? [];
  });
  const files = [
    ...configs.flatMap((each) => below(each, 'file') ?? []),
    ...(itemsOf(below(service, 'volumes') ?? service) ?? []).flatMap(sourceOf),
  ];
  const named = files.filter((each) => FILE.test(textOf(each)?.split(':')[0] ?? ''));
  return [
    ...placesIn(service),
    ...configs.flatMap((each) => placesIn(below(each, 'content'))),
    ...named.slice(0, MOST).flatMap((each) => placeInFile(each, loading)),
  ];
}

/** The source of a volume that is a path, in either form. */
function sourceOf(volume: Entry): Entry[] {
  const source = below(volume, 'source') ?? volume;
  return /^[./]/.test(textOf(source) ?? '') ? [source] : [];
}

function placesIn(entry: Entry | undefined): Place[] {
  if (!entry) return [];
  if (mappingOf(entry)) return fieldsOf(entry).flatMap(([, each]) => placesIn(each));
  const items = itemsOf(entry);
  if (items) return items.flatMap(placesIn);
  return ADDRESS.test(textOf(entry) ?? '') ? [entry] : [];
}

/** What cannot be read is reported where it is mounted. */
function placeInFile(named: Entry, { inputs }: Loading): Place[] {
  const path = resolve(named.source.directory, textOf(named)?.split(':')[0] ?? '');
  const source = readQuietly(path, inputs);
  const at = source?.text.search(ADDRESS) ?? -1;
  return source && at >= 0 ? [{ at, source }] : [];
}

function readQuietly(path: string, inputs: Loading['inputs']): SourceText | undefined {
  try {
    return inputs.read(path);
  } catch {
    return undefined;
  }
}
