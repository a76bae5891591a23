import { readFile } from 'node:fs/promises';
import { UserError } from '../../../model/errors.js';
import { run } from '../process/run.js';

/** One archive the host's own apt installs from. */
export interface HostArchive {
  uri: string;
  /** `bookworm`, `bookworm-security`, `stable`. */
  release: string;
  component: string;
}

/** As apt prints a field it has no value for. */
const UNKNOWN = /^\$\(/;

/**
 * The host's own archives of a suite with its updates and security fixes; none when the host runs
 * another suite or has no apt. Third parties' archives are left out: they need keys of their own.
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

/** How the host's apt fetches (proxy, certificates, retries, expiry), as lines of apt.conf(5). */
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

/** os-release(5): `debian`, as the Origin of its archives but for the case. */
async function vendorOf(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID="?([^"\n]+)"?$/m.exec(text)?.[1]?.toLowerCase();
}
