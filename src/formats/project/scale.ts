import type { Entry } from '../../config/document.js';
import { below, changed, mappingOf, scalar } from '../entries.js';
import type { Format } from './loading.js';

/**
 * The merged files of a stack with other numbers of replicas, by service. The checks of the file then
 * find what cannot be, such as two containers with one address.
 */
export function withScale(
  root: Entry,
  format: Format,
  scale: Readonly<Record<string, number>> = {},
): Entry {
  const apply = format === 'compose' ? scaleCompose : scaleBaleine;
  return Object.entries(scale).reduce((file, [name, count]) => apply(file, name, count), root);
}

function scaleCompose(root: Entry, name: string, count: number): Entry {
  const service = below(root, 'services', name);
  if (!mappingOf(service) || !service) return root;
  const number = scalar(service, count);
  const deploy = below(service, 'deploy');
  const scaled = changed(service, {
    scale: number,
    ...(deploy && mappingOf(deploy) && { deploy: changed(deploy, { replicas: number }) }),
  });
  return within(root, ['services', name], scaled);
}

/** One container without a number has no number in its name, either. */
function scaleBaleine(root: Entry, name: string, count: number): Entry {
  const container = below(root, 'containers', name);
  if (container && mappingOf(container)) {
    if (count === 1 && !below(container, 'replicas')) return root;
    const scaled = changed(container, { replicas: scalar(container, count) });
    return within(root, ['containers', name], scaled);
  }
  const servers = below(root, 'farms', name, 'servers');
  if (!servers || !mappingOf(servers)) return root;
  const scaled = changed(servers, { replicas: scalar(servers, count) });
  return within(root, ['farms', name, 'servers'], scaled);
}

/** The entry with another one at the end of a path, all of which exists. */
function within(entry: Entry, [key = '', ...rest]: readonly string[], value: Entry): Entry {
  const inner = below(entry, key);
  return changed(entry, {
    [key]: rest.length === 0 || !inner ? value : within(inner, rest, value),
  });
}
