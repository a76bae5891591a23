import type { ConfigMap, PersistentVolumeClaim, Service } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import { quote } from 'shlex';
import type { Path } from '../../config/document.js';
import type {
  ContainerEntry,
  FarmEntry,
  PublishRequest,
  VolumeSource,
} from '../../model/config.js';
import { PROXY_CONFIG, proxyOf, serversOf } from '../proxy.js';
import { covered, lost, type Rows, translate } from '../rows.js';
import { type Converted, type ConvertInput, contentOf, type OutputFile, Stack } from '../stack.js';
import { yamlOf } from '../yaml.js';
import { podOf } from './container.js';
import { Names } from './names.js';
import { mount, type Pod } from './pod.js';
import { PROXY, policiesOf } from './policies.js';
import { cronJobOf, namesOf, publishedOf, type Workload, workloadOf } from './workload.js';

type Manifest = Workload | Service | ConfigMap | PersistentVolumeClaim | NetworkPolicy;

/**
 * Manifests and a kustomization. A farm is a workload of servers and one of its HAProxy, which asks the
 * name server of the cluster for the servers.
 */
export function toKubernetes(input: ConvertInput): Converted {
  return new Writer(new Stack(input)).write();
}

/** Objects that kustomize makes of files. */
interface Generated {
  name: string;
  files: string[];
}

class Writer {
  readonly #names = new Names();
  readonly #pods: { pod: Pod; publish: PublishRequest[] }[] = [];
  readonly #files: OutputFile[] = [];
  readonly #kustomized: Record<'secrets' | 'configs', Generated[]> = { secrets: [], configs: [] };
  readonly #resources: string[] = [];

  constructor(private readonly stack: Stack) {}

  write(): Converted {
    const { config, losses } = this.stack;
    for (const [name, entry] of Object.entries(config.containers)) this.#container(name, entry);
    for (const [name, farm] of Object.entries(config.farms)) this.#farm(name, farm);
    for (const [name, job] of Object.entries(config.jobs ?? {})) {
      // Jobs are named after it, with a time
      this.#names.of('workload', name, 52);
      const pod = podOf(name, job, ['jobs', name], this.stack, this.#names);
      const made = cronJobOf(name, job, this.stack, pod);
      if (!made) continue;
      this.#pods.push({ pod, publish: [] });
      this.#add(`workloads/${pod.container.name}.yaml`, [made]);
    }
    this.#volumes();
    this.#add('network-policies.yaml', policiesOf(this.stack, this.#pods));
    this.#origins('secrets');
    this.#origins('configs');
    this.stack.images({ pull: covered });
    const { secrets, configs } = this.#kustomized;
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: this.#resources,
      ...(secrets.length > 0 && { secretGenerator: secrets }),
      ...(configs.length > 0 && { configMapGenerator: configs }),
    };
    if (this.stack.isStream) {
      const text = this.#files.map((each) => each.text).join('---\n');
      return { files: [{ name: 'stack.yaml', text }], ...losses.texts() };
    }
    const first = { name: 'kustomization.yaml', text: yamlOf(kustomization) };
    return { files: [first, ...this.#files], ...losses.texts() };
  }

  #add(name: string, manifests: readonly Manifest[]): void {
    if (manifests.length === 0) return;
    this.#resources.push(name);
    this.#files.push({ name, text: manifests.map((each) => yamlOf(each)).join('---\n') });
  }

  #container(name: string, entry: ContainerEntry): void {
    const path = ['containers', name];
    const pod = podOf(name, entry, path, this.stack, this.#names);
    this.#workload(pod, entry, path, []);
  }

  #farm(name: string, farm: FarmEntry): void {
    const path: Path = ['farms', name];
    const { stack } = this;
    const server = podOf(`${name}-server`, farm.servers, [...path, 'servers'], stack, this.#names);
    const update = { policy: farm.update, path: [...path, 'update'] };
    this.#workload(server, farm.servers, [...path, 'servers'], [], update);
    const label = server.container.name;
    // HAProxy searches no domains; the namespace is that of the pod
    const host = `${label}.\${POD_NAMESPACE}.svc.cluster.local`;
    const servers = [{ name: `${name}-server-`, host, count: serversOf(farm) }];
    const discovery = { port: farm.servers.port, servers };
    const { entry, text, certificate } = proxyOf(name, farm, discovery);
    const pod = podOf(`${name}-proxy`, entry, [...path, 'proxy'], stack, this.#names);
    pod.labels[PROXY] = 'true';
    const namespace = { fieldRef: { fieldPath: 'metadata.namespace' } };
    const variable = { name: 'POD_NAMESPACE', valueFrom: namespace };
    pod.container.env = [...(pod.container.env ?? []), variable];
    const own = this.#names.of('configs', `${name}-proxy`);
    this.#generated(own, 'haproxy.cfg', text);
    const items = [{ key: 'haproxy.cfg', path: 'content' }];
    mount(
      pod,
      PROXY_CONFIG,
      { configMap: { name: own, items } },
      { readOnly: true, subPath: 'content' },
    );
    const tls = Object.entries(certificate);
    if (tls.length > 0) {
      const secretName = this.#names.of('secrets', `${name}-proxy-tls`);
      const files = Object.fromEntries(
        tls.map(([target, file]) => [target.replace(/.*\//, ''), file]),
      );
      this.#fromFiles('secrets', secretName, files, [...path, 'proxy', 'tls']);
      for (const [target] of tls) {
        const key = target.replace(/.*\//, '');
        mount(pod, target, { secret: { secretName } }, { readOnly: true, subPath: key });
      }
    }
    this.#workload(pod, entry, [...path, 'proxy'], [name]);
  }

  #workload(
    pod: Pod,
    entry: ContainerEntry,
    path: Path,
    aliases: readonly string[],
    update?: Parameters<typeof workloadOf>[4],
  ): void {
    const { losses } = this.stack;
    const publish = entry.publish ?? [];
    this.#pods.push({ pod, publish });
    const bridges = Object.values(entry.bridges);
    const all = [...aliases, ...bridges.flatMap((each) => each.aliases)];
    this.#add(`workloads/${pod.container.name}.yaml`, [
      workloadOf(pod, entry, path, losses, update),
      ...(bridges.length > 0 ? namesOf(pod, all, path, losses) : []),
      ...publishedOf(pod, publish, path, losses),
    ]);
  }

  #volumes(): void {
    const { config, losses } = this.stack;
    const claims = Object.entries(config.volumes).flatMap(
      ([name, volume]): PersistentVolumeClaim[] => {
        const label = this.#names.of('volume', name);
        const path: Path = ['volumes', name];
        if (volume.external) {
          losses.note(
            path,
            `the claim ${label} of the volume ${volume.name ?? name} must be there`,
          );
          return [];
        }
        const isShared = this.stack.usersOf(name) > 1;
        if (isShared)
          losses.note(
            path,
            `several pods mount ${name}: its storage class must offer ReadWriteMany`,
          );
        const { external: _, ...entry } = volume;
        const made: PersistentVolumeClaim & { metadata: object } = {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: label },
          spec: {
            accessModes: [isShared ? 'ReadWriteMany' : 'ReadWriteOnce'],
            resources: { requests: { storage: String(volume.size ?? DEFAULT_SIZE) } },
          },
        };
        if (volume.size === undefined)
          losses.note(path, `volume ${name} has no size: its claim asks for 1 GiB`);
        translate(entry, VOLUME, made, path, losses);
        return [made];
      },
    );
    this.#add('volumes.yaml', claims);
  }

  #generated(name: string, key: string, text: string): void {
    if (this.stack.isStream) {
      const made: ConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { [key]: text },
      };
      this.#add(`configs/${name}.yaml`, [made]);
      return;
    }
    const file = `configs/${name}-${key}`;
    this.#files.push({ name: file, text });
    this.#kustomized.configs.push({ name, files: [`${key}=${file}`] });
  }

  /** Made by kustomize, so that another content is another name, which pods follow; else by a command. */
  #fromFiles(
    section: 'secrets' | 'configs',
    name: string,
    files: Record<string, string>,
    at: Path,
  ): void {
    const { stack } = this;
    const all = Object.entries(files).map(([key, file]) => `${key}=${stack.path(file)}`);
    if (!stack.isStream) {
      const isOutside = all.some((each) => each.includes('=..'));
      if (isOutside) stack.losses.note(at, `${name} comes from above the folder: ${UNRESTRICTED}`);
      this.#kustomized[section].push({ name, files: all });
      return;
    }
    const args = all.map((each) => `--from-file=${quote(each)}`).join(' ');
    stack.losses.note(at, `${name} must be created first: ${CREATE[section]} ${name} ${args}`);
  }

  #origins(section: 'secrets' | 'configs'): void {
    const { config, losses } = this.stack;
    for (const [key, origin] of Object.entries(config[section] ?? {})) {
      const name = this.#names.of(section, key);
      if ('content' in origin) this.#generated(name, key, origin.content);
      else if ('file' in origin)
        this.#fromFiles(section, name, { [key]: origin.file }, [section, key]);
      else {
        const create = `${CREATE[section]} ${name} --from-file=${key}=/dev/stdin`;
        losses.note(
          [section, key],
          `${name} must be created first: ${contentOf(origin)} | ${create}`,
        );
      }
    }
  }
}

/** Kustomize reads files of other folders only with an option of its own. */
const UNRESTRICTED =
  'kubectl kustomize --load-restrictor LoadRestrictionsNone DIR | kubectl apply -f -';

const CREATE = { secrets: 'kubectl create secret generic', configs: 'kubectl create configmap' };

/** Bytes of a claim without a size, which it must have. */
const DEFAULT_SIZE = 1024 ** 3;

const SNAPSHOTS = 'snapshots are those of a storage class';

const VOLUME: Rows<Omit<VolumeSource, 'external'>, PersistentVolumeClaim> = {
  size: covered,
  owner: lost('the storage class decides'),
  mode: lost('the storage class decides'),
  labels: (value, made) => {
    if (made.metadata) made.metadata.annotations = value;
  },
  snapshots: lost(SNAPSHOTS),
  backup: lost('there are no backups'),
  snapshot_on_change: lost(SNAPSHOTS),
  protect: lost('nothing there is protected from its removal'),
};
