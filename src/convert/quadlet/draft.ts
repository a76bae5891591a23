import type { Path } from '../../config/document.js';
import type { Losses } from '../rows.js';
import type { Stack } from '../stack.js';
import { raw, type Unit, words } from './unit.js';

export const CONTAINER = 'Container';
export const SERVICE = 'Service';

/** A `.container` unit while its container is being translated. */
export interface Draft {
  unit: Unit;
  stack: Stack;
  /** In its stack: `web-1`. */
  name: string;
  /** The user of its first process, in ids where they are known. */
  ids: { uid?: number; gid?: number };
  /** Its names on its bridges. */
  aliases: readonly string[];
  /** How configs are mounted: the path of a file for each. */
  configs: Readonly<Record<string, string>>;
  /** The units of a service, of one with replicas several. */
  unitsOf: (service: string) => readonly string[];
}

/** The name of a unit, of a container and of its network or volume: units of all stacks share a folder. */
export const nameIn = (stack: Stack, name: string) => `${stack.config.name}-${name}`;

/** Adds a value that is taken as it is, or names it as lost. */
export function addRaw({ unit }: Draft, key: string, text: string, at: Path, losses: Losses): void {
  const value = raw(text);
  if (value === undefined) losses.lose(at, `a unit file cannot say ${JSON.stringify(text)}`);
  else unit.add(CONTAINER, key, value);
}

export const argument = ({ unit }: Draft, ...args: string[]) =>
  unit.add(CONTAINER, 'PodmanArgs', words(args));
