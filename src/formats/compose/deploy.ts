import type { Entry } from '../../config/document.js';
import { below, itemsOf, mapping, scalar, sequence, textOf } from '../entries.js';
import { RESOURCE_ROWS } from './limits.js';
import {
  type Fields,
  noEffect,
  type Rows,
  type Translation,
  translated,
  translateKeys,
} from './rows.js';
import { durationOf, numberOf } from './values.js';

const ONE_HOST = noEffect('this host is the only one');

/** Keys below `deploy`. What becomes limits, restart or update is read by the functions below. */
export const DEPLOY_ROWS: Rows = {
  'deploy.replicas': translated('`replicas`, or a farm if the service publishes a port'),
  'deploy.mode': translated(
    '`replicated`; `global` is one container on this host, `placement.each_node` on a swarm',
    (value, { loading }) => {
      if (textOf(value) === 'replicated' || textOf(value) === 'global') return {};
      const hint = 'what there is: replicated, global; cron runs a container at times';
      loading.problems.of(value, `services of mode ${textOf(value)} are refused`, hint);
      return {};
    },
  ),
  'deploy.endpoint_mode': ONE_HOST,
  'deploy.labels': noEffect('they describe a service of a cluster; `labels` are the container’s'),
  'deploy.placement': translated('`placement`, for a swarm'),
  'deploy.placement.constraints': translated('`placement.constraints`'),
  'deploy.placement.preferences': translated('`placement.spread`'),
  'deploy.placement.preferences.spread': translated('`placement.spread`'),
  'deploy.placement.max_replicas_per_node': translated('`placement.max_per_node`'),
  'deploy.resources': translated('`limits`', (value, to) =>
    translateKeys(value, RESOURCE_ROWS, to, 'deploy.resources.'),
  ),
  ...RESOURCE_ROWS,
  'deploy.restart_policy': translated('`restart`'),
  'deploy.restart_policy.condition': translated('`restart`'),
  'deploy.restart_policy.max_attempts': translated('`restart: on-failure:N`'),
  'deploy.restart_policy.delay': noEffect('each apply restarts once; failures back off'),
  'deploy.restart_policy.window': noEffect(
    'a restart counts as failed if the container ends early',
  ),
  'deploy.update_config': translated('`update` of a farm'),
  'deploy.update_config.parallelism': translated('`update.parallelism` of a farm'),
  'deploy.update_config.order': translated('`update.order` of a farm'),
  'deploy.update_config.delay': translated('`update.monitor` of a farm, with `monitor` added'),
  'deploy.update_config.monitor': translated('`update.monitor` of a farm'),
  'deploy.update_config.failure_action': translated('`update.failure_action` of a farm'),
  'deploy.update_config.max_failure_ratio': noEffect('one failed server decides'),
  'deploy.rollback_config': noEffect('a rollback follows `update_config`'),
  ...Object.fromEntries(
    ['parallelism', 'delay', 'failure_action', 'monitor', 'max_failure_ratio', 'order'].map(
      (key) => [`deploy.rollback_config.${key}`, noEffect('a rollback follows `update_config`')],
    ),
  ),
};

/** Reports what has no effect, and returns the limits. */
export function deployLimits(service: Entry, to: Translation): Fields {
  const deploy = below(service, 'deploy');
  if (!deploy) return {};
  const limits = translateKeys(deploy, DEPLOY_ROWS, to, 'deploy.');
  for (const part of ['placement', 'restart_policy', 'update_config', 'rollback_config']) {
    const entry = below(deploy, part);
    if (entry) translateKeys(entry, DEPLOY_ROWS, to, `deploy.${part}.`);
  }
  return limits;
}

/** `placement`, on a swarm. */
export function placementOf(service: Entry): Entry | undefined {
  const placement = below(service, 'deploy', 'placement');
  const mode = below(service, 'deploy', 'mode');
  const isGlobal = mode && textOf(mode) === 'global';
  if (!placement && !isGlobal) return undefined;
  const limit = below(placement, 'max_replicas_per_node');
  const preferences = below(placement, 'preferences');
  const spread = (itemsOf(preferences) ?? []).flatMap((each) => below(each, 'spread') ?? []);
  const place = placement ?? (mode as Entry);
  return mapping(place, [
    ['constraints', below(placement, 'constraints')],
    ['spread', preferences && sequence(preferences, spread)],
    // none is any number
    ['max_per_node', limit && textOf(limit) !== '0' ? numberOf(limit) : undefined],
    ['each_node', isGlobal ? scalar(place, true) : undefined],
  ]);
}

/** Of `deploy.replicas`, else `scale`; undefined if neither is there. */
export function replicasOf(service: Entry): Entry | undefined {
  const found = below(service, 'deploy', 'replicas') ?? below(service, 'scale');
  return found && numberOf(found);
}

/** Of `deploy.restart_policy`, else `restart`; Compose's default is `no`. */
export function restartOf(service: Entry): Entry {
  const policy = below(service, 'deploy', 'restart_policy');
  const own = below(service, 'restart');
  if (!policy) return own ?? scalar(service, 'no');
  const condition = textOf(below(policy, 'condition') ?? scalar(policy, 'any'));
  if (condition === 'none') return scalar(policy, 'no');
  if (condition !== 'on-failure') return scalar(policy, 'always');
  const attempts = below(policy, 'max_attempts');
  return scalar(policy, attempts ? `on-failure:${textOf(attempts)}` : 'on-failure');
}

const ACTIONS: Readonly<Record<string, string>> = {
  continue: 'continue',
  rollback: 'rollback',
  pause: 'pause',
};

/** `update` of a farm. */
export function updateOf(service: Entry, { loading }: Translation): Entry | undefined {
  const config = below(service, 'deploy', 'update_config');
  if (!config) return undefined;
  const duration = (key: string) => {
    const found = below(config, key);
    return found && durationOf(found, loading.problems);
  };
  const parallelism = below(config, 'parallelism');
  const action = below(config, 'failure_action');
  const isAll = parallelism && textOf(parallelism) === '0';
  return mapping(config, [
    ['order', below(config, 'order')],
    ['parallelism', isAll ? scalar(config, 100) : parallelism && numberOf(parallelism)],
    ['monitor', duration('monitor') ?? duration('delay')],
    ['failure_action', action && scalar(action, ACTIONS[textOf(action) ?? ''] ?? 'pause')],
  ]);
}
