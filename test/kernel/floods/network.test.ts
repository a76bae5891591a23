import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROXY_SOCKET } from '../../../src/farm/haproxy.js';
import { serving } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { farmOf } from '../stack/farm-proxy.js';
import { heals, type Source, testFloods } from './cell.js';
import { BOUND, SERVE, shell } from './floods.js';

/** Statistics before the flood: a nonexistent server with control sequences in its name. */
const STATISTICS = `# pxname,svname,type,status\nweb-servers,\x1b]0;mine\x07owned\x9b31m,2,UP\n`;

const proxySocket: Source = {
  name: 'a farm proxy’s command socket',
  calm: () => ({ farms: { web: farmOf(2, '10.77.1.10', { proxy: { image: 'box' } }) } }),
  open: async (stack, flood) => {
    // less than the 512 KiB that are read of an answer
    const script = flood.script({ ...BOUND, bytes: 256 * 1024 });
    const server = ['perl', '-e', SERVE, PROXY_SOCKET, STATISTICS, ...shell(script)];
    const behind = ['busybox', 'sh', '-c', 'busybox setsid "$@" >/dev/null 2>&1 &', 'sh'];
    await stack.done('exec', 'web-proxy', '--', ...behind, ...server);
    return {};
  },
  killed: ['flood.web-server-1'],
  commands: [
    {
      args: ['farm', 'status'],
      limit: () => 1500,
      says: ({ name }) => SILENT[name] ?? /\\u001b\]0;mine\\u0007owned\\u009b31m/,
    },
    // it waits 2 s for the proxy, and then 1.5 s for its last answer
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

/** Answers every request except the first one for /v2/ with this text and the flood. */
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

/** The base image of a Dockerfile is pulled there. A dripping answer is aborted after 30 s. */
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

testFloods(proxySocket);
if (!lackingAny('skopeo')) {
  testFloods(registryThat('error', FORBIDDEN));
  // only the endless one: the other limits are the same as for an error
  testFloods(registryThat('manifest', MANIFEST), ({ name }) => name === 'endless');
}
if (!lackingAny('buildah')) {
  testFloods(baseImageWhose('error', FORBIDDEN));
  testFloods(baseImageWhose('manifest', MANIFEST), ({ name }) => name === 'endless');
}
