import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { digest } from '../../../model/json.js';
import { smallFiles, withScratch } from '../disks/scratch.js';
import { run } from '../process/run.js';

/** One archive that the host's own apt installs from. */
export interface HostArchive {
  uri: string;
  /** `bookworm`, `bookworm-security`, `stable`. */
  release: string;
  component: string;
}

/** What apt prints for a field without a value. */
const UNKNOWN = /^\$\(/;

/**
 * The host's own archives of a suite with its updates and security fixes; empty if the host runs
 * another suite or has no apt. Third-party archives are excluded: they need their own keys.
 */
export async function hostArchives(suite: string): Promise<HostArchive[]> {
  const names = [suite, `${suite}-updates`, `${suite}-security`];
  const fields = ['REPO_URI', 'RELEASE', 'CODENAME', 'COMPONENT', 'ORIGIN'];
  const format = fields.map((field) => `$(${field})`).join('\t');
  const text = await aptText('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]);
  const vendor = await vendorOf();
  const found = text.split('\n').flatMap((line) => {
    const [uri = '', release = '', codename = '', component = '', origin = ''] = line.split('\t');
    const ours = UNKNOWN.test(origin) || origin.toLowerCase() === vendor;
    const wanted = names.includes(release) || names.includes(codename);
    return ours && wanted ? [{ uri, release, component }] : [];
  });
  // A host of several architectures has a line for each.
  return [...new Map(found.map((each) => [JSON.stringify(each), each])).values()];
}

/** How the host's apt downloads (proxy, certificates, retries, expiry), as lines of apt.conf(5). */
export async function hostFetchOptions(): Promise<string[]> {
  const text = await aptText('apt-config', ['dump', '--no-empty', '--format', '%F "%v";%n']);
  const relevant = /^Acquire::(https?::|Check-|Retries|ForceIPv|Max-)/i;
  return text.split('\n').filter((line) => relevant.test(line));
}

/**
 * Changes whenever one of these archives does: a digest of their Release files, with their date and the
 * digests of their package lists. They are fetched as the host's apt does; their signatures are up to
 * who installs from them. Undefined if one of them does not answer.
 */
export async function releaseState(
  archives: readonly Pick<HostArchive, 'uri' | 'release'>[],
  paths: InstallPaths,
): Promise<string | undefined> {
  const names = archives.map(({ uri, release }) => `${uri.replace(/\/$/, '')}/dists/${release}`);
  return withScratch(smallFiles(paths), async (dir) => {
    const folders = [...new Set(names)].sort();
    const texts = await Promise.all(
      folders.map((folder, index) => releaseFile(folder, join(dir, String(index)))),
    );
    return texts.includes(undefined) ? undefined : digest(texts);
  });
}

/** Signed or not: an archive has at least one of both. */
async function releaseFile(folder: string, file: string): Promise<string | undefined> {
  return (
    (await download(`${folder}/InRelease`, file)) ?? (await download(`${folder}/Release`, file))
  );
}

async function download(uri: string, file: string): Promise<string | undefined> {
  try {
    await run(HELPER, [...QUICKLY, 'download-file', uri, file], { timeout: RELEASE_LIMIT });
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

const HELPER = '/usr/lib/apt/apt-helper';

/** Options of apt.conf(5). */
const QUICKLY = [
  'Acquire::Retries=0',
  'Acquire::http::Timeout=10',
  'Acquire::https::Timeout=10',
  // its account cannot write to our folder
  'APT::Sandbox::User=root',
].map((option) => `--option=${option}`);

/** Milliseconds for a file of some 200 KB. */
const RELEASE_LIMIT = 30_000;

/** Empty on a host without apt. */
async function aptText(program: string, args: string[]): Promise<string> {
  try {
    return (await run(program, args)).stdout;
  } catch (error) {
    if (error instanceof UserError) return '';
    throw error;
  }
}

/** os-release(5): `debian`, which is the Origin of its archives except for case. */
async function vendorOf(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID="?([^"\n]+)"?$/m.exec(text)?.[1]?.toLowerCase();
}
