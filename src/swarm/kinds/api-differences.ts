import type { ApiService } from '../../host/cluster.js';
import { formatValue } from '../../model/attribute-text.js';
import { drift } from '../../model/difference.js';
import { equal, type Json } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';

/**
 * What somebody else has changed of a service: the differences between the service as the cluster had it
 * after the last apply, and as it has it now, so that nothing depends on what Docker adds by itself.
 */
export function differencesOf(applied: ApiService, now: ApiService): Difference[] {
  return pathsOf('', applied, now).map(({ path, before, after }) => {
    const name = NAMES.find(([pattern]) => pattern.test(path))?.[1] ?? path;
    return drift(
      name,
      `${name} ${textOf(name, before)} became ${textOf(name, after)} on the swarm`,
    );
  });
}

/** The keys of the file that a part of a service stands for. */
const NAMES: [RegExp, string][] = [
  [/^Mode\.Replicated\.Replicas$/, 'replicas'],
  [/Resources\.Limits\.MemoryBytes$/, 'limits.memory'],
  [/Resources\.Limits\.NanoCPUs$/, 'limits.cpus'],
  [/Resources\.Limits\.Pids$/, 'limits.pids'],
  [/Resources\.Reservations\.MemoryBytes$/, 'limits.memory_reservation'],
  [/ContainerSpec\.Image$/, 'image'],
  [/ContainerSpec\.Args$/, 'command'],
  [/ContainerSpec\.Command$/, 'entrypoint'],
  [/ContainerSpec\.Env$/, 'environment'],
  [/ContainerSpec\.Secrets$/, 'secrets'],
  [/ContainerSpec\.Configs$/, 'configs'],
  [/ContainerSpec\.Mounts$/, 'volumes'],
  [/ContainerSpec\.Healthcheck/, 'healthcheck'],
  [/^TaskTemplate\.Networks$/, 'bridges'],
  [/^TaskTemplate\.Placement/, 'placement'],
  [/^TaskTemplate\.RestartPolicy/, 'restart'],
  [/^TaskTemplate\.ForceUpdate$/, 'forced updates'],
  [/^UpdateConfig/, 'update'],
  [/^EndpointSpec/, 'publish'],
];

interface Part {
  path: string;
  before: Json | undefined;
  after: Json | undefined;
}

function pathsOf(prefix: string, before: Json | undefined, after: Json | undefined): Part[] {
  if (equal(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [{ path: prefix, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) =>
    pathsOf(prefix === '' ? key : `${prefix}.${key}`, before[key], after[key]),
  );
}

const isObject = (value: Json | undefined): value is { [key: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list or an object in few words: environments may hold what is not for a log. */
function textOf(name: string, value: Json | undefined): string {
  if (value === undefined || value === null) return '(none)';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'another one' : formatValue(name, value);
}
