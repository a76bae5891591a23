import type { Condition, ContainerEntry } from '../../model/config.js';
import { statusRange } from '../../model/health.js';
import type { Service, ValidationContext } from './validation-context.js';

/** Health checks that can succeed, and conditions of depends_on that can be met. */
export function checkHealth(subject: ValidationContext): void {
  for (const service of subject.services) {
    checkOne(service, subject);
    checkConditions(service, subject);
  }
}

function checkOne({ path, entry }: Service, { problems }: ValidationContext): void {
  const { healthcheck, image_health = {} } = entry;
  const at = (...keys: string[]) => [...path, 'healthcheck', ...keys];
  const timeout = healthcheck?.timeout ?? ('timeout' in image_health && image_health.timeout);
  if (timeout === 0) problems.atValue(at('timeout'), 'a timeout is more than 0s');
  if (!healthcheck) return;
  if ('exec' in healthcheck && healthcheck.exec.length === 0) {
    problems.atValue(at('exec'), 'a command has at least one word');
  }
  if (!('http' in healthcheck)) return;
  const { from, to } = statusRange(healthcheck.http.status);
  if (from > to) {
    const message = `the range ${healthcheck.http.status} ends before it begins`;
    problems.atValue(at('http', 'status'), message);
  }
}

function checkConditions(
  { path, entry }: Service,
  { containers, problems }: ValidationContext,
): void {
  for (const [name, { condition }] of Object.entries(entry.depends_on)) {
    const other = Object.hasOwn(containers, name) ? containers[name] : undefined;
    const [message, hint] = (other && OBSTACLES[condition](other)) ?? [];
    if (message === undefined) continue;
    problems.atKey([...path, 'depends_on', name], `${name} ${message}`, hint);
  }
}

type Obstacle = [message: string, hint: string] | undefined;

const OBSTACLES: Record<Condition, (other: ContainerEntry) => Obstacle> = {
  service_started: () => undefined,
  service_healthy: ({ healthcheck, image_health }) =>
    healthcheck || (image_health && !('disable' in image_health))
      ? undefined
      : [
          'has no healthcheck, and so is never healthy',
          'give it one, or where its image has one: healthcheck: {on_failure: restart}',
        ],
  service_completed_successfully: ({ restart }) =>
    restart.name === 'always'
      ? ['is started again whenever it ends', 'give it restart: no, or on-failure']
      : undefined,
};
