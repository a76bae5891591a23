import type { Entry } from '../../../config/document.js';
import {
  below,
  changed,
  fieldsOf,
  isNull,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  sequence,
  textOf,
} from '../../entries.js';
import { pairsOf } from '../../project/merge.js';
import { isTrue } from '../values.js';

/** A text is one of /bin/sh here, and of words in Compose. */
export function shellWords(value: Entry): Entry | undefined {
  const text = textOf(value);
  if (text === undefined || isNull(value)) return value;
  return sequence(value, [scalar(value, '/bin/sh'), scalar(value, '-c'), scalar(value, text)]);
}

/** Commands of `post_start` and `pre_stop`. */
export function hooks(value: Entry): Entry {
  const all = (itemsOf(value) ?? []).map((each) => {
    const command = below(each, 'command');
    return command ? changed(each, { command: shellWords(command) }) : each;
  });
  return sequence(value, all);
}

/** Of a container’s log. */
export const logging = (value: Entry): Entry =>
  mapping(value, [['options', mapping(value, [['max-size', below(value, 'max_size')]])]]);

/** In the long form: that of Compose in words creates missing folders. */
export function mounts(value: Entry): Entry {
  const all = (itemsOf(value) ?? []).map((item) => {
    if (!mappingOf(item)) return mountOf(item, textOf(item) ?? '');
    const isBind = textOf(below(item, 'type') ?? item) === 'bind';
    if (!isBind) return changed(item, { create: undefined });
    const create = below(item, 'create') ?? below(item, 'bind', 'create_host_path');
    return changed(item, { create: undefined, bind: createOf(item, isTrue(create)) });
  });
  return sequence(value, all);
}

const createOf = (place: Entry, create: boolean): Entry =>
  mapping(place, [['create_host_path', scalar(place, create)]]);

function mountOf(item: Entry, text: string): Entry {
  const [source = '', target = '', options = ''] = text.split(':');
  const words = options.split(',');
  const isBind = /^[./]/.test(source);
  const nocopy = mapping(item, [['nocopy', scalar(item, true)]]);
  return mapping(item, [
    ['type', scalar(item, isBind ? 'bind' : 'volume')],
    ['source', scalar(item, source)],
    ['target', scalar(item, target)],
    ['read_only', words.includes('ro') ? scalar(item, true) : undefined],
    ['bind', isBind ? createOf(item, false) : undefined],
    ['volume', words.includes('nocopy') ? nocopy : undefined],
  ]);
}

/** Whether a port is one of those that Compose has no word for: the program inherits its socket. */
export const inheritsSockets = (publish: Entry): boolean =>
  (itemsOf(publish) ?? []).some((item) => below(item, 'socket_activation'));

/** A port of the host is text in the long form of Compose. */
export function ports(value: Entry): Entry {
  const all = (itemsOf(value) ?? []).map((item) => {
    const published = below(item, 'published');
    if (!published) return item;
    return changed(item, { published: scalar(published, textOf(published) ?? '') });
  });
  return sequence(value, all);
}

/** Containerd's name of a WebAssembly runtime; undefined for one that has none there. */
export function containerdRuntime(wasm: Entry): Entry | undefined {
  const engine = textOf(wasm) ?? '';
  const isThere = ['wasmedge', 'wasmtime', 'wasmer'].includes(engine);
  return isThere ? scalar(wasm, `io.containerd.${engine}.v1`) : undefined;
}

/** A Dockerfile source as `build`. */
export function buildOf(dockerfile: Entry): Entry {
  const renamed: Readonly<Record<string, string>> = {
    file: 'dockerfile',
    inline: 'dockerfile_inline',
  };
  // that of the service says it
  const own = fieldsOf(dockerfile).filter(([key]) => key !== 'platform');
  const fields = own.map(([key, value]) => {
    return [renamed[key] ?? key, key === 'args' ? pairsOf(value) : value] as const;
  });
  return mapping(dockerfile, fields);
}
