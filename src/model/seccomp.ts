/**
 * A seccomp profile as used by container engines: rules have conditions, and the engine selects
 * those that apply to a container. The default profile of Docker and Podman has this form
 * (https://docs.docker.com/engine/security/seccomp/).
 */
export interface EngineProfile {
  defaultAction?: string;
  /** errno(3) for SCMP_ACT_ERRNO. Default EPERM. */
  defaultErrnoRet?: number;
  archMap?: { architecture: string; subArchitectures: string[] | null }[];
  syscalls: EngineRule[];
}

export interface EngineRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[] | null;
  includes?: Condition;
  excludes?: Condition;
}

interface Condition {
  caps?: string[];
  arches?: string[];
  minKernel?: string;
}

/**
 * Actions of the OCI runtime specification, config-linux.md. NOTIFY is left out because it needs a
 * listener.
 */
const ACTIONS = [
  ...['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'KILL_THREAD', 'LOG', 'TRACE', 'TRAP'],
].map((name) => `SCMP_ACT_${name}`);
/** Architectures of the same document; a runtime rejects others. */
const ARCHITECTURES = [
  ...[
    'X86',
    'X86_64',
    'X32',
    'ARM',
    'AARCH64',
    'MIPS',
    'MIPS64',
    'MIPS64N32',
    'MIPSEL',
    'MIPSEL64',
  ],
  ...['MIPSEL64N32', 'PPC', 'PPC64', 'PPC64LE', 'S390', 'S390X', 'PARISC', 'PARISC64', 'RISCV64'],
].map((name) => `SCMP_ARCH_${name}`);
const OPERATORS = [...['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']].map(
  (name) => `SCMP_CMP_${name}`,
);

/** @throws Error with the location of the first problem, `syscalls[3].action` */
export function parseProfile(text: string): EngineProfile {
  const profile: unknown = JSON.parse(text);
  const top = objectAt('the profile', profile);
  if (top.defaultAction === undefined) throw wrong('defaultAction', 'is missing');
  oneOf('defaultAction', top.defaultAction, ACTIONS);
  listAt('syscalls', top.syscalls).forEach((rule, index) => {
    checkRule(`syscalls[${index}]`, rule);
  });
  for (const [index, entry] of listAt('archMap', top.archMap ?? []).entries()) {
    const place = `archMap[${index}]`;
    const { architecture, subArchitectures } = objectAt(place, entry);
    oneOf(`${place}.architecture`, architecture, ARCHITECTURES);
    for (const [at, each] of listAt(
      `${place}.subArchitectures`,
      subArchitectures ?? [],
    ).entries()) {
      oneOf(`${place}.subArchitectures[${at}]`, each, ARCHITECTURES);
    }
  }
  return profile as EngineProfile;
}

function checkRule(place: string, value: unknown): void {
  const rule = objectAt(place, value);
  oneOf(`${place}.action`, rule.action, ACTIONS);
  textsAt(`${place}.names`, rule.names);
  numberAt(`${place}.errnoRet`, rule.errnoRet ?? 0);
  for (const key of ['includes', 'excludes']) checkCondition(`${place}.${key}`, rule[key] ?? {});
  for (const [index, entry] of listAt(`${place}.args`, rule.args ?? []).entries()) {
    const at = `${place}.args[${index}]`;
    const { index: which, value: compared, valueTwo = 0, op } = objectAt(at, entry);
    numberAt(`${at}.value`, compared);
    numberAt(`${at}.valueTwo`, valueTwo);
    oneOf(`${at}.op`, op, OPERATORS);
    if (numberAt(`${at}.index`, which) > 5) throw wrong(`${at}.index`, 'is above 5');
  }
}

function checkCondition(place: string, value: unknown): void {
  const { caps = [], arches = [], minKernel = '0' } = objectAt(place, value);
  textsAt(`${place}.caps`, caps);
  textsAt(`${place}.arches`, arches);
  textAt(`${place}.minKernel`, minKernel);
}

function oneOf(place: string, value: unknown, known: string[]): void {
  const text = textAt(place, value);
  if (!known.includes(text)) throw wrong(place, `is ${JSON.stringify(text)}, not one of ${known}`);
}

function objectAt(place: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw wrong(place, 'is not an object');
}

function listAt(place: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(place, 'is not a list');
}

function textsAt(place: string, value: unknown): void {
  for (const [index, each] of listAt(place, value).entries()) textAt(`${place}[${index}]`, each);
}

function textAt(place: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw wrong(place, 'is not a string');
}

function numberAt(place: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && Number.isInteger(value)) return value;
  throw wrong(place, 'is not a non-negative integer');
}

const wrong = (place: string, what: string) => new Error(`${place} ${what}`);
