import { readFileSync } from 'node:fs';
import { arch, config } from 'node:process';
import { shownName } from './foreign-json.js';

/** What an image is for, as an index or a config has it; anything may be missing or wrong. */
export interface Platform {
  os?: unknown;
  architecture?: unknown;
  variant?: unknown;
}

/** `amd64` and so on, as Go names architectures and Node does not. */
const GO_ARCH: Partial<Record<typeof arch, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};
export const ARCHITECTURE = GO_ARCH[arch] ?? arch;

/** Other names for architectures, as containerd's platforms package knows them. */
const ALIASES: Record<string, [architecture: string, variant?: string]> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  i386: ['386'],
  i686: ['386'],
  armhf: ['arm', '7'],
  armel: ['arm', '6'],
};

/** The variant that none stands for. */
const USUAL: Record<string, number> = { amd64: 1, arm64: 8, arm: 7 };

const textOf = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : '');

/** Whether it says for what the image is; `unknown` is what attestations are for. */
export function isDescribed(platform: Platform | null | undefined): boolean {
  return textOf(platform?.architecture) !== '';
}

/**
 * How well this host runs it: 0 is best, undefined is not at all. What is missing counts as this
 * host's. Of variants, the plainest that fits is best on amd64 and arm64, the highest on arm.
 */
export function rankOf(platform: Platform | null | undefined): number | undefined {
  const [os, named] = [textOf(platform?.os), textOf(platform?.architecture)];
  const [architecture, aliased] = ALIASES[named] ?? [named];
  if (os !== '' && os !== 'linux') return undefined;
  if (architecture !== '' && architecture !== ARCHITECTURE) return undefined;
  const variant = textOf(platform?.variant).replace(/^v/, '') || aliased;
  const usual = USUAL[ARCHITECTURE] ?? 0;
  const number = variant === undefined ? usual : Number.parseFloat(variant);
  if (Number.isNaN(number)) return undefined;
  if (ARCHITECTURE === 'arm') return number > armVersion() ? undefined : armVersion() - number;
  if (ARCHITECTURE === 'amd64' && number > amd64Level()) return undefined;
  return Math.max(0, number - usual);
}

/** `linux/arm64/v8`, for messages. */
export function platformName({ os, architecture, variant }: Platform): string {
  const parts = [textOf(os) || 'linux', textOf(architecture) || 'unknown', textOf(variant)];
  return shownName(parts.filter(Boolean).join('/'));
}

function armVersion(): number {
  const { arm_version } = config.variables as { arm_version?: string };
  return Number(arm_version ?? USUAL.arm);
}

/** What each level of x86-64 takes beyond the one below (psABI, "Micro-Architecture Levels"). */
const LEVELS = [
  ['ssse3', 'sse4_1', 'sse4_2', 'popcnt', 'cx16'],
  ['avx', 'avx2', 'bmi1', 'bmi2', 'fma', 'movbe'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
];

function amd64Level(): number {
  const text = readFileSync('/proc/cpuinfo', 'utf8');
  const flags = new Set(/^flags\s*:(.*)$/m.exec(text)?.[1]?.split(' '));
  const missing = LEVELS.findIndex((needs) => !needs.every((flag) => flags.has(flag)));
  return 1 + (missing < 0 ? LEVELS.length : missing);
}
