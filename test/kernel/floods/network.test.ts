import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROXY_SOCKET } from '../../../src/farm/haproxy.js';
import { serving } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { farmOf } from '../stack/farm-proxy.js';
import { floodedBy, heals, type Source } from './cell.js';
import { BOUND, SERVE, shell } from './floods.js';

/** A line of statistics before the flood: a server that is not there, with a name that acts. */
const STATISTICS = `# pxname,svname,type,status\nweb-servers,\x1b]0;mine\x07owned\x9b31m,2,UP\n`;

const proxySocket: Source = {
  name: 'a farm proxy’s command socket',
  calm: () => ({ farms: { web: farmOf(2, '10.77.1.10', { proxy: { image: 'box' } }) } }),
  open: async (stack, flood) => {
    // one that ends is less than the 512 KiB that are read of an answer
    const script = flood.script({ ...BOUND, bytes: 256 * 1024 });
    const server = ['perl', '-e', SERVE, PROXY_SOCKET, STATISTICS, ...shell(script)];
    const behind = ['busybox', 'sh', '-c', 'busybox setsid "$@" >/dev/null 2>&1 &', 'sh'];
    await stack.done('exec', 'web-proxy', '--', ...behind, ...server);
    return {};
  },
  killed: ['flood.web-server-1'],
  commands: [
    {
      words: ['farm', 'status'],
      limit: () => 1500,
      says: ({ name }) => SILENT[name] ?? /\\u001b\]0;mine\\u0007owned\\u009b31m/,
    },
    // it looks for the proxy for 2 s, and waits for the last answer
    heals(() => 3500),
  ],
};

const SILENT: Record<string, RegExp> = {
  endless: /more than 524288 bytes/,
  dripping: /no end after 1500 ms/,
};

const PORT = 15000;
const EVIL_REGISTRY = `127.0.0.1:${PORT}/team/app:1`;
const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n\r\n';
const MANIFEST =
  'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n\r\n';

/** Answers every question, but for the one whether it is a registry, with this and the flood. */
function registryThat(what: string, answer: string): Source {
  return {
    name: `a registry’s ${what}`,
    added: () => ({ images: { evil: { from: { registry: EVIL_REGISTRY } } } }),
    open: async ({ host }, flood) => {
      const serve = ['-e', SERVE, `${PORT}`, answer, ...shell(flood.script(BOUND))];
      return { end: await serving(host, `http://127.0.0.1:${PORT}/v2/`, ['perl', ...serve]) };
    },
    commands: [{ ...heals(() => 15_000), says: () => /cannot read 127\.0\.0\.1:15000/ }],
  };
}

/** What a Dockerfile is built on: buildah asks there. A drip ends after half a minute. */
function baseImageWhose(what: string, answer: string): Source {
  const source = registryThat(what, answer);
  return {
    ...source,
    name: `the ${what} of a registry that a Dockerfile’s FROM names`,
    added: (_flood, { host }) => {
      const context = join(host.dir, 'app');
      mkdirSync(context);
      writeFileSync(join(context, 'Dockerfile'), `FROM ${EVIL_REGISTRY}\n`);
      return { images: { evil: { from: { dockerfile: { context: './app' } } } } };
    },
    commands: [{ ...heals(() => 30_000), says: () => /cannot build the Dockerfile/ }],
  };
}

floodedBy(proxySocket);
if (!lackingAny('skopeo')) {
  floodedBy(registryThat('error', FORBIDDEN));
  // of what is too long to be one; how slowly it may come does not depend on what it is
  floodedBy(registryThat('manifest', MANIFEST), ({ name }) => name === 'endless');
}
if (!lackingAny('buildah')) {
  floodedBy(baseImageWhose('error', FORBIDDEN));
  floodedBy(baseImageWhose('manifest', MANIFEST), ({ name }) => name === 'endless');
}
