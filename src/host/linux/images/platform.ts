import { readFileSync } from 'node:fs';
import { arch, config } from 'node:process';
import type { ModulePlatform } from '../../../model/image-values.js';
import { shownName } from './foreign-json.js';

/**
 * The platform of an image according to an index or configuration; any field may be missing or
 * wrong.
 */
export interface Platform {
  os?: unknown;
  architecture?: unknown;
  variant?: unknown;
}

/** Go's names of architectures (`amd64`), which differ from Node's. */
const GO_ARCH: Partial<Record<typeof arch, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};
export const ARCHITECTURE = GO_ARCH[arch] ?? arch;

/** Other names for architectures, as in containerd's platforms package. */
const ALIASES: Record<string, [architecture: string, variant?: string]> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  i386: ['386'],
  i686: ['386'],
  armhf: ['arm', '7'],
  armel: ['arm', '6'],
};

/** The default variant. */
const DEFAULT_VARIANT: Record<string, number> = { amd64: 1, arm64: 8, arm: 7 };

/** `wasi/wasm32` is the older name. */
const MODULES = ['wasm', 'wasm32'];
/** The rank of a WebAssembly module, below that of all images for this host. */
export const MODULE_RANK = 1000;

const textOf = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : '');

/** Whether it names a platform; attestations have `unknown`. */
export function isDescribed(platform: Platform | null | undefined): boolean {
  return textOf(platform?.architecture) !== '';
}

/**
 * How well an image suits this host: 0 is best, undefined if it does not run. A missing field
 * counts as this host's. Of several variants, the plainest that runs is best on amd64 and arm64,
 * the highest on arm. A WebAssembly module is last, unless it is what is wanted.
 */
export function rankOf(
  platform: Platform | null | undefined,
  wanted?: ModulePlatform,
): number | undefined {
  const [os, named] = [textOf(platform?.os), textOf(platform?.architecture)];
  const isModule = os === 'wasi' && MODULES.includes(named);
  if (wanted !== undefined) return isModule || (os === '' && named === '') ? 0 : undefined;
  if (isModule) return MODULE_RANK;
  const [architecture, aliased] = ALIASES[named] ?? [named];
  if (os !== '' && os !== 'linux') return undefined;
  if (architecture !== '' && architecture !== ARCHITECTURE) return undefined;
  const variant = textOf(platform?.variant).replace(/^v/, '') || aliased;
  const usual = DEFAULT_VARIANT[ARCHITECTURE] ?? 0;
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
  return Number(arm_version ?? DEFAULT_VARIANT.arm);
}

/** CPU flags that each level of x86-64 adds (psABI, "Micro-Architecture Levels"). */
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
