import { readFile } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
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
