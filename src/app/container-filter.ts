import { UserError } from '../model/errors.js';
import { isMember } from '../model/instance.js';
import type { ListedContainer } from '../model/listed-container.js';

type Test = (each: ListedContainer, value: string) => boolean;

const STATUSES = ['running', 'paused', 'stopped', 'exited', 'gone', 'missing'];
const HEALTH = ['starting', 'healthy', 'failing', 'unhealthy', 'none'];

const TESTS: Record<string, Test> = {
  name: ({ name }, value) => name.includes(value),
  status: ({ status }, value) => status === oneOf(STATUSES, 'status', value),
  health: ({ health }, value) => (health?.status ?? 'none') === oneOf(HEALTH, 'health', value),
  stack: ({ stack }, value) => stack === value,
  service: ({ name }, value) => isOfService(name, value),
  image: ({ image }, value) => image === value,
  label: ({ labels = {} }, value) => {
    const [key = '', ...rest] = value.split('=');
    if (!Object.hasOwn(labels, key)) return false;
    return rest.length === 0 || labels[key] === rest.join('=');
  },
};

/** A container by its own name, or by that of its service or farm. */
export const isOfService = (container: string, service: string) =>
  container === service || isMember(container, service);

/**
 * A test of containers by `KEY=VALUE` texts: any of the values of one key, and all keys. Several
 * labels must all be there.
 *
 * @throws UserError for an unknown key or value
 */
export function containerFilter(texts: readonly string[]): (each: ListedContainer) => boolean {
  const filters = texts.map(parse);
  const keys = [...new Set(filters.map(({ key }) => key))];
  // so that a wrong value is refused even where there is no container
  for (const { test, value } of filters) test(NOBODY, value);
  return (each) =>
    keys.every((key) => {
      const own = filters.filter((filter) => filter.key === key);
      const holds = ({ test, value }: Filter) => test(each, value);
      return key === 'label' ? own.every(holds) : own.some(holds);
    });
}

interface Filter {
  key: string;
  value: string;
  test: Test;
}

function parse(text: string): Filter {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(at, 0));
  const test = Object.hasOwn(TESTS, key) ? TESTS[key] : undefined;
  if (at > 0 && test) return { key, value: text.slice(at + 1), test };
  throw new UserError(
    `cannot filter by ${JSON.stringify(text)}: it is not KEY=VALUE with a known key`,
    `Keys are ${Object.keys(TESTS).join(', ')}.`,
  );
}

function oneOf(all: readonly string[], key: string, value: string): string {
  if (all.includes(value)) return value;
  throw new UserError(
    `cannot filter by ${key} ${JSON.stringify(value)}: there is no such ${key}`,
    `One of ${all.join(', ')}.`,
  );
}

const NOBODY: ListedContainer = {
  name: '',
  stack: '',
  image: '',
  status: 'missing',
  addresses: {},
  limits: { pids: 1 },
};
