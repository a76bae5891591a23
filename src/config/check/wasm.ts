import type { Problems } from '../problem.js';
import type { Service, ValidationContext } from './validation-context.js';

/**
 * crun runs nothing but the module in a container of WebAssembly: none of its handlers can execute
 * a further command.
 */
export function checkWasm({ services, problems }: ValidationContext): void {
  for (const service of services) if (service.entry.wasm) checkOne(service, problems);
}

const HOOKS = ['post_start', 'pre_stop', 'pre_snapshot', 'post_snapshot'] as const;

function checkOne({ path, entry }: Service, problems: Problems): void {
  const reason = 'crun runs nothing but the WebAssembly module in its container';
  for (const key of HOOKS) {
    if (!entry[key]?.length) continue;
    problems.atKey([...path, key], `${key} cannot work: ${reason}`, 'remove it');
  }
  if (entry.init) problems.atKey([...path, 'init'], `init is no module: ${reason}`, 'remove it');
  if (entry.healthcheck && 'exec' in entry.healthcheck) {
    const hint = 'use http or tcp, which this host checks';
    problems.atKey([...path, 'healthcheck'], `a check by a command cannot work: ${reason}`, hint);
  }
}
