import { CONFIG_DIR, CONFIG_FILE } from '../../farm/expand.js';
import { haproxyConfig } from '../../farm/haproxy.js';
import { certificateKey } from '../../kinds/desired-context.js';
import { addressOf } from '../../model/address.js';
import type { FarmEntry } from '../../model/config.js';
import { digest } from '../../model/json.js';
import type { Resource } from '../../model/resource.js';
import type { Scaled } from '../../model/specs.js';
import type { ContentSpec, Rotation, ServiceSpec } from '../../model/swarm.js';
import { objectName, proxyOf, serversOf, versioned } from './names.js';
import { desiredService, type Parts } from './service.js';

/** The servers of a farm, its proxy, and what the proxy reads. */
export interface Farm {
  services: Resource<ServiceSpec>[];
  contents: Resource<ContentSpec>[];
}

const CERTIFICATE = `${CONFIG_DIR}/tls.pem`;

/** @param sources fingerprints of local files: those of its certificate are among them */
export function desiredFarm(
  name: string,
  farm: FarmEntry,
  parts: Parts,
  sources: Readonly<Record<string, string>>,
  scaled?: Scaled,
): Farm {
  const stack = parts.config.name;
  const path = ['farms', name];
  const { update } = farm;
  const { replicas = 1 } = farm.servers;
  const servers = desiredService(
    {
      ...{
        name: serversOf(name),
        entry: farm.servers,
        path: [...path, 'servers'],
        replicas,
        update,
      },
      ...{ rotation: rotationOf(farm), ...(scaled && { scaled }) },
    },
    parts,
  );
  const proxy = proxyOf(name);
  const certificate = certificateOf(name, farm, stack, sources);
  const text = proxyText(name, farm, servers, certificate && CERTIFICATE);
  const config = contentOf('config', proxy, stack, { digest: digest(text), text });
  const files = [
    { kind: 'config' as const, resource: config, target: `${CONFIG_DIR}/${CONFIG_FILE}` },
    ...(certificate
      ? [{ kind: 'secret' as const, resource: certificate, target: CERTIFICATE }]
      : []),
  ];
  const front = desiredService(
    {
      ...{ name: proxy, path: [...path, 'proxy'], replicas: 'per node', files },
      entry: proxyEntry(farm),
    },
    parts,
  );
  return {
    contents: files.map(({ resource }) => resource),
    services: [servers, withNeed(front, servers.address)],
  };
}

/** Docker itself runs a command: to the proxy, it is as good as none. */
function rotationOf({ servers: { port, healthcheck } }: FarmEntry): Rotation {
  return { port, ...(healthcheck && !('exec' in healthcheck) && { healthcheck }) };
}

/** The proxy's configuration for its servers at the release that they have. */
function proxyText(
  name: string,
  farm: FarmEntry,
  { spec: { id, rotation = rotationOf(farm) } }: Resource<ServiceSpec>,
  certificate: string | undefined,
): string {
  const { replicas = 1, healthcheck: _declared, ...entry } = farm.servers;
  // the proxy listens on ports of its node, and not on sockets that it was started with
  const { publish: _published, ...proxy } = farm.proxy;
  const discovery = {
    port: rotation.port,
    servers: [
      {
        name: `${serversOf(name)}-`,
        host: `tasks.${id}`,
        count: slotsFor(replicas + farm.update.parallelism),
      },
    ],
    // that of Docker, in every container
    nameserver: '127.0.0.11:53',
  };
  return haproxyConfig(
    name,
    { ...farm, servers: { ...entry, ...rotation }, proxy },
    discovery,
    certificate,
  );
}

function proxyEntry({ proxy }: FarmEntry): FarmEntry['proxy'] {
  const { command, entrypoint, listen, tls, publish = [] } = proxy;
  const own = command ?? entrypoint;
  const ports = [listen, ...(tls ? [tls.listen] : [])];
  const published = publish.length > 0 ? publish : ports.map(onNode);
  // -W: a master and a worker; -db: in the foreground (haproxy(1))
  const started = ['haproxy', '-W', '-db', '-f', `${CONFIG_DIR}/${CONFIG_FILE}`];
  return { ...proxy, publish: published, ...(own === undefined && { command: started }) };
}

/** Outside, nobody reaches a proxy but through a port of its node. */
const onNode = (port: number) => ({ host_ip: '0.0.0.0', published: port, target: port });

function withNeed<Spec>(resource: Resource<Spec>, need: Resource['needs'][number]): Resource<Spec> {
  return { ...resource, needs: [...resource.needs, need] };
}

/** Room for more servers, so that scaling a little changes no configuration of the proxy. */
const slotsFor = (servers: number) => Math.max(16, 2 ** Math.ceil(Math.log2(servers * 2)));

function certificateOf(
  name: string,
  { proxy: { tls } }: FarmEntry,
  stack: string,
  sources: Readonly<Record<string, string>>,
): Resource<ContentSpec> | undefined {
  if (!tls) return undefined;
  const version = sources[certificateKey(name)] ?? 'unread';
  return contentOf('secret', `${name}-tls`, stack, { digest: version, from: { files: tls.files } });
}

/** A secret or config of a certain content. */
export function contentOf(
  kind: 'secret' | 'config',
  base: string,
  stack: string,
  content: Omit<ContentSpec, 'id' | 'stack'>,
): Resource<ContentSpec> {
  const name = versioned(base, content.digest);
  return {
    address: addressOf(kind, name),
    kind,
    name,
    spec: { id: objectName(stack, name), stack, ...content },
    needs: [],
    protect: false,
  };
}
