import { digest, equal } from '../../model/json.js';
import type { Row } from '../../model/resource.js';
import type {
  PinnedServiceRelease,
  ServiceFacts,
  ServiceRelease,
  ServiceSpec,
} from '../../model/swarm.js';

export type ServiceRow = Row<ServiceSpec, ServiceFacts>;

/** What is no part of a release: one that is added without a word here is restored by a rollback. */
const PLACE: Record<Exclude<keyof ServiceSpec, keyof ServiceRelease>, true> = {
  id: true,
  stack: true,
  replicas: true,
  scaled: true,
  networks: true,
  publish: true,
  secrets: true,
  configs: true,
  update: true,
  placement: true,
  hostname: true,
  extra_hosts: true,
  previous: true,
  held: true,
};

const isPlace = (key: string) => Object.hasOwn(PLACE, key);

const pick = (spec: object, isWanted: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(spec).filter(([key]) => isWanted(key)));

export const releaseOf = (spec: ServiceSpec): ServiceRelease =>
  pick(spec, (key) => !isPlace(key)) as unknown as ServiceRelease;

/** The service at another release. What fails to go back to it is not rolled back to what it came from. */
export function pinnedTo(spec: ServiceSpec, held: PinnedServiceRelease): ServiceSpec {
  const place = pick(spec, (key) => isPlace(key) && key !== 'previous') as unknown as ServiceSpec;
  const isUndone = place.update.failure_action === 'rollback';
  const update = { ...place.update, ...(isUndone && { failure_action: 'pause' as const }) };
  return { ...held.to, ...place, update, held };
}

/** The declared service at the release that it is pinned to, or with its previous one for a rollback. */
export function withReleases(declared: ServiceSpec, row: ServiceRow | undefined): ServiceSpec {
  if (!row) return declared;
  const { held } = row.spec;
  if (held && held.asked === releaseDigest(declared)) return pinnedTo(declared, held);
  const previous = previousOf(row, declared);
  return previous ? { ...declared, previous } : declared;
}

/** The row of a service whose change has failed, or was cut off, has what it was before that. */
function previousOf({ spec }: ServiceRow, declared: ServiceSpec): ServiceRelease | undefined {
  const now = releaseOf(spec);
  return equal(now, releaseOf(declared)) ? spec.previous : now;
}

const releaseDigest = (spec: ServiceSpec) => digest(releaseOf(spec), 16);

/**
 * The pin of a rollback: to the release before the last change, or the present one if that change is not
 * complete. Undefined if there is none.
 *
 * @param declared as in the file
 */
export function pinPrevious(
  declared: ServiceSpec,
  { spec, status }: ServiceRow,
): PinnedServiceRelease | undefined {
  const asked = releaseOf(declared);
  const known = [...(status === 'pending' ? [releaseOf(spec)] : []), spec.previous];
  const to = known.find((each) => each !== undefined && !equal(each, asked));
  return to && { asked: releaseDigest(declared), differs: differencesIn(asked, to), to };
}

/** Among the keys that differ: how a farm's proxy reaches its servers. */
export const ROTATION = 'port or health check';

function differencesIn(one: ServiceRelease, other: ServiceRelease): string[] {
  const keys = [
    ...new Set([...Object.keys(one), ...Object.keys(other)]),
  ] as (keyof ServiceRelease)[];
  const differing = keys.filter((key) => !equal(one[key] ?? null, other[key] ?? null));
  return differing.map((key) => (key === 'rotation' ? ROTATION : key));
}

/** Every image that a service runs, or can be rolled back to. */
export function imagesOf({ image, previous, held }: ServiceSpec): string[] {
  const all = [image, previous?.image, held?.to.image];
  return [...new Set(all.filter((each) => each !== undefined))];
}
