import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file's text, or that it is copied from the host, with its mode. */
type Content = string | { from: string };

/**
 * Makes, or makes again, an archive of the suite bookworm with these packages, so that no network is
 * needed; it is not signed. See https://wiki.debian.org/DebianRepository/Format.
 *
 * @param packages their files by name, with paths relative to the root
 * @returns its address
 */
export function debianArchive(
  root: string,
  packages: Record<string, Record<string, Content>>,
): string {
  rmSync(root, { recursive: true, force: true });
  const arch = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const index = `main/binary-${arch}/Packages`;
  const entries = Object.entries(packages).map(([name, files]) => {
    const control = `Package: ${name}\nVersion: 1\nArchitecture: ${arch}\nMaintainer: a <a@b>\nDescription: d\n`;
    const tree = join(root, 'trees', name);
    for (const [path, content] of Object.entries<Content>({
      ...files,
      'DEBIAN/control': control,
    })) {
      const file = join(tree, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof content === 'string') writeFileSync(file, content);
      else execFileSync('cp', ['--dereference', '--', content.from, file]);
    }
    const deb = join(root, `${name}.deb`);
    execFileSync('dpkg-deb', ['--build', '--root-owner-group', tree, deb]);
    const data = readFileSync(deb);
    return `${control}Filename: ${name}.deb\nSize: ${data.length}\nSHA256: ${sha256(data)}\n\n`;
  });
  const text = entries.join('');
  const release = `Origin: Test\nSuite: bookworm\nCodename: bookworm\nArchitectures: ${arch}\nComponents: main\nDate: ${new Date().toUTCString()}\nSHA256:\n ${sha256(text)} ${text.length} ${index}\n`;
  const dists = join(root, 'dists/bookworm');
  mkdirSync(dirname(join(dists, index)), { recursive: true });
  writeFileSync(join(dists, index), text);
  writeFileSync(join(dists, 'Release'), release);
  return `copy://${root}`;
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
