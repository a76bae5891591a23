import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ifThere } from '../files/read.js';
import { LONG } from '../process/run.js';
import type { Staging } from './staging.js';
import { tool } from './tool.js';

/** Turns `registry.example:5000/team/app:1` into `registry.example:5000/team/app@sha256:…`. */
export function pinReference(reference: string, manifest: string | undefined): string {
  if (manifest === undefined) return reference;
  const name = reference.split('@')[0] as string;
  const tag = name.indexOf(':', name.lastIndexOf('/') + 1);
  return `${tag < 0 ? name : name.slice(0, tag)}@${manifest}`;
}

/** Whether the registry is on this host: Docker uses no TLS for those. */
export function isLoopback(reference: string): boolean {
  const host = reference.includes('/') ? reference.slice(0, reference.indexOf('/')) : '';
  return /^(localhost|127(\.\d{1,3}){3})(:\d+)?$/.test(host);
}

/** How skopeo(1) addresses a registry's image. */
export interface Transport {
  /** `docker://…`. */
  name: string;
  /** Use no TLS: Docker's rule for registries on this host. */
  plain: boolean;
}

/** @param manifest digest that the reference is locked to */
export function transportOf({ registry }: { registry: string }, manifest?: string): Transport {
  return { name: `docker://${pinReference(registry, manifest)}`, plain: isLoopback(registry) };
}

/**
 * Skopeo reads no manifest of more than 4 MiB, but reads a registry's error message completely,
 * however long it is. It needs some 60 MiB for an image of any size. buildah pulls with the same
 * library.
 */
export const MEMORY = 112 * 1024 ** 2;

/** Runs `skopeo inspect` with these options. @param timeout milliseconds */
export async function skopeoInspect(
  { name, plain }: Transport,
  options: string[],
  staging: Staging,
  { purpose, timeout }: { purpose: string; timeout: number },
): Promise<string> {
  const tls = plain ? ['--tls-verify=false'] : [];
  const args = ['--tmpdir', staging.inside, 'inspect', ...tls, ...options, '--', name];
  // skopeo itself reads no manifest larger than 4 MiB
  return tool('skopeo', args, { purpose, staging, timeout, memory: MEMORY });
}

/** A transfer below 1 KiB per second over a minute is aborted. */
const STALL = { within: 60_000, least: 60 * 1024 };

/**
 * Copies an image into a folder of the staging area: `manifest.json`, and each blob named by the
 * hex digits of its digest. Skopeo verifies that the manifest is the requested one.
 */
export async function skopeoCopy(
  { name, plain }: Transport,
  folder: string,
  staging: Staging,
  purpose: string,
): Promise<void> {
  const tls = plain ? ['--src-tls-verify=false'] : [];
  const to = `dir:${join(staging.inside, folder)}`;
  const args = ['--tmpdir', staging.inside, 'copy', '--quiet', ...tls, '--', name, to];
  const bytes = () => bytesIn(join(staging.outside, folder));
  await tool('skopeo', args, {
    purpose,
    staging,
    timeout: LONG,
    stall: { ...STALL, bytes },
    memory: MEMORY,
  });
}

/** Bytes fetched so far; files are renamed during the transfer. */
function bytesIn(folder: string): number {
  const sizes = (ifThere(() => readdirSync(folder)) ?? []).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
