import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lackingAny } from '../../support/skip.js';
import { heals, type Source, testFloods } from './cell.js';

/** baleine waits for this flood until it ends, since a build may take hours. */
const AWAITED = { seconds: 6 };

const buildStep: Source = {
  name: 'a build step',
  added: (flood) => ({
    images: { evil: { from: { image: 'box' }, run: [flood.script(AWAITED)] } },
  }),
  commands: [
    {
      ...heals(() => AWAITED.seconds * 1000),
      says: ({ isShort }) => (isShort ? /image\.evil.*owned/s : /image\.evil/),
    },
  ],
};

const dockerfile: Source = {
  name: 'a Dockerfile’s build',
  added: (flood, { host }) => {
    const context = join(host.dir, 'app');
    mkdirSync(context);
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    const run = JSON.stringify(['/bin/busybox', 'sh', '-c', flood.script(AWAITED)]);
    const lines = ['FROM scratch', 'COPY busybox /bin/busybox', `RUN ${run}`, ''];
    writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
    return { images: { evil: { from: { dockerfile: { context: './app' } } } } };
  },
  commands: [
    {
      ...heals(() => AWAITED.seconds * 1000),
      says: () => /cannot build the Dockerfile/,
    },
  ],
};

testFloods(buildStep);
if (!lackingAny('buildah')) testFloods(dockerfile);
