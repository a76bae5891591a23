/**
 * A device rule, `c 10:229 rwm`: type, major and minor number or `*`, and any of read, write and
 * mknod.
 */
export interface Device {
  type: 'b' | 'c';
  /** Undefined for all. */
  major?: number;
  minor?: number;
  /** Letters of `rwm`. */
  access: string;
}

/** As in baleine.yaml, with the access letters in the order `rwm`. */
export type DeviceRule = { allow: string } | { deny: string };

/** null zero full random urandom tty ptmx and the pseudoterminals: kernel's devices.txt. */
const DEFAULT_ALLOWED = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '136:*'].map(
  (numbers) => `c ${numbers} rwm`,
);

/** What the OCI runtimes add: mknod of every device, and use of /dev/console and /dev/net/tun. */
const RUNTIME_ALLOWED = ['c *:* m', 'b *:* m', 'c 5:1 rwm', 'c 10:200 rwm'];

/**
 * All rules of a container in order of precedence: the defaults of every container, then its own.
 */
export function withDefaultRules(own: readonly DeviceRule[] = []): DeviceRule[] {
  return [...DEFAULT_ALLOWED.map((allow) => ({ allow })), ...own];
}

/** The rule's device and whether it is allowed. */
export function parseRule(rule: DeviceRule): { allow: boolean; device: Device } {
  const allow = 'allow' in rule;
  return { allow, device: parseDevice(allow ? rule.allow : rule.deny) };
}

export function parseDevice(text: string): Device {
  const [, type, major = '*', minor = '*', letters = ''] =
    /^([bc]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(text) ?? [];
  return {
    type: type as Device['type'],
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access: [...'rwm'].filter((letter) => letters.includes(letter)).join(''),
  };
}

/**
 * The access that remains after all rules, `c 10:229` → `rw`. A later rule for the same device
 * overrides an earlier one.
 */
export function effectiveAccess(rules: readonly DeviceRule[]): Map<string, string> {
  const result = new Map<string, string>();
  for (const rule of rules) {
    const { allow, device } = parseRule(rule);
    const before = result.get(numbersOf(device)) ?? '';
    const access = [...'rwm'].filter((letter) =>
      device.access.includes(letter) ? allow : before.includes(letter),
    );
    result.set(numbersOf(device), access.join(''));
  }
  return result;
}

/** An earlier rule that covers more devices than this one, which can then not be denied alone. */
export function broaderRule(rules: readonly DeviceRule[], index: number): string | undefined {
  const { device } = parseRule(rules[index] as DeviceRule);
  return [...effectiveAccess(withDefaultRules(rules.slice(0, index)))]
    .filter(([numbers, access]) => numbers !== numbersOf(device) && access !== '')
    .map(([numbers, access]) => `${numbers} ${access}`)
    .find((text) => covers(parseDevice(text), device));
}

/** How cgroup v1 lists that everything is allowed, and the line that denies everything. */
const ALLOW_ALL = { listed: 'a *:* rwm', deny: 'a' };

/**
 * The lines to write to `devices.deny` and `devices.allow` so that the list matches the rules; both
 * are empty if it already does. What the runtimes add stays unless a rule names it.
 */
export function deviceListChanges(
  rules: readonly DeviceRule[],
  observed: readonly string[],
): { deny: string[]; allow: string[] } {
  if (observed.includes(ALLOW_ALL.listed)) {
    return { ...deviceListChanges(rules, []), deny: [ALLOW_ALL.deny] };
  }
  const desired = effectiveAccess(withDefaultRules(rules));
  const byRuntime = effectiveAccess(RUNTIME_ALLOWED.map((allow) => ({ allow })));
  const observedAccess = effectiveAccess(observed.map((allow) => ({ allow })));
  const excess = [...observedAccess].map(([numbers, access]): [string, string] => {
    const kept = desired.get(numbers) ?? byRuntime.get(numbers) ?? '';
    return [numbers, without(access, kept)];
  });
  const missing = [...desired].map(([numbers, access]): [string, string] => [
    numbers,
    without(access, observedAccess.get(numbers) ?? ''),
  ]);
  return { deny: lines(excess), allow: lines(missing) };
}

const lines = (entries: [string, string][]) =>
  entries.filter(([, access]) => access !== '').map(([numbers, access]) => `${numbers} ${access}`);

const without = (access: string, other: string) =>
  [...access].filter((letter) => !other.includes(letter)).join('');

const numbersOf = ({ type, major, minor }: Device) => `${type} ${major ?? '*'}:${minor ?? '*'}`;

function covers(wide: Device, narrow: Device): boolean {
  const reaches = (a: number | undefined, b: number | undefined) => a === undefined || a === b;
  return (
    wide.type === narrow.type &&
    reaches(wide.major, narrow.major) &&
    reaches(wide.minor, narrow.minor) &&
    [...narrow.access].some((letter) => wide.access.includes(letter))
  );
}
