import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './dockerd.js';
import { removeCgroupParent } from './subject.js';
import { type Command, time } from './time.js';

const MiB = 2 ** 20;

/** 200 MB in three layers: large files, medium ones, and 5000 small ones. */
const LAYERS = [
  { folder: 'large', count: 6, bytes: 20 * MiB },
  { folder: 'middling', count: 40, bytes: MiB },
  { folder: 'small', count: 5000, bytes: 8192 },
];

export interface Imported {
  /** Milliseconds of each round. */
  ours: number[];
  docker: number[];
}

/**
 * Lets Docker save an image, and measures alternately how long Docker takes to load it and baleine to
 * import it into an image of 1 GiB, each time from scratch.
 */
export async function importTimes(dir: string, rounds: number): Promise<Imported> {
  mkdirSync(dir);
  const daemon = await startDaemon(dir);
  try {
    return measure(dir, daemon, rounds);
  } finally {
    await daemon.end();
    removeCgroupParent();
  }
}

function measure(dir: string, { host }: Daemon, rounds: number): Imported {
  const docker = (...words: string[]) => time(['docker', '--host', host, ...words], NO_BUILDKIT);
  const root = join(dir, 'root');
  const ours = (...words: string[]) =>
    time([process.execPath, 'dist/main.js', 'image', ...words, '--root', root] as Command);
  const saved = join(dir, 'saved.tar');
  writeContext(join(dir, 'context'));
  docker('build', '--quiet', '--tag', 'bench:1', join(dir, 'context'));
  docker('save', '--output', saved, 'bench:1');
  const taken: Imported = { ours: [], docker: [] };
  for (let round = 0; round < rounds; round++) {
    docker('image', 'rm', 'bench:1');
    taken.docker.push(docker('load', '--quiet', '--input', saved));
    taken.ours.push(ours('import', saved, 'bench', '--size', '1G'));
    ours('rm', 'bench');
  }
  return taken;
}

const NO_BUILDKIT = { env: { DOCKER_BUILDKIT: '0' } };

function writeContext(dir: string): void {
  const lines = LAYERS.map(({ folder }) => `COPY ${folder} /${folder}`);
  for (const { folder, count, bytes } of LAYERS) {
    for (let file = 0; file < count; file++) {
      const into = join(dir, folder, String(file % 50));
      mkdirSync(into, { recursive: true });
      writeFileSync(join(into, String(file)), randomBytes(bytes));
    }
  }
  copyFileSync('/bin/busybox', join(dir, 'busybox'));
  const text = ['FROM scratch', 'COPY busybox /bin/busybox', ...lines, 'CMD ["/bin/busybox"]'];
  writeFileSync(join(dir, 'Dockerfile'), text.join('\n'));
}
