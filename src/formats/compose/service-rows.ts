import type { Entry } from '../../config/document.js';
import { below, changed, itemsOf, mapping, scalar, sequence, textOf } from '../entries.js';
import { IMAGE_ROWS } from './build.js';
import { DEPLOY_ROWS } from './deploy.js';
import { LIMIT_ROWS } from './limits.js';
import { MOUNT_ROWS } from './mounts.js';
import { ATTACHMENT_ROWS, ofService, SERVICE_NETWORK_ROWS } from './networks.js';
import { healthCheckOf, loggingOf, securityOf } from './options.js';
import { PORT_ROWS } from './ports.js';
import {
  type Fields,
  noEffect,
  type Rows,
  refused,
  same,
  type Translation,
  translated,
} from './rows.js';
import { booleanOf, durationOf, isTrue, numberOf, wordsOf } from './values.js';

const HOST = (what: string) => `a container never has the ${what} of the host`;

/** A namespace that may be shared with another container, and never with the host. */
const namespace = (key: string) =>
  translated(`\`${key}\`; \`host\` is refused`, (value, { loading, root }) => {
    if (textOf(value) !== 'host') return { [key]: ofService(value, root) };
    loading.problems.of(value, HOST(`${key} namespace`), 'remove it');
    return {};
  });

/** Commands as in `command`, split into words without a shell. */
function hooks(key: 'post_start' | 'pre_stop') {
  return translated(`\`${key}\``, (value, { loading: { problems } }) => {
    const all = (itemsOf(value) ?? []).map((each) => {
      const [command, privileged] = ['command', 'privileged'].map((name) => below(each, name));
      return changed(each, {
        ...(command && { command: wordsOf(command, problems) }),
        ...(privileged && { privileged: booleanOf(privileged, problems) }),
      });
    });
    return { [key]: sequence(value, all) };
  });
}

/** Names of containerd's runtimes for WebAssembly, which crun has, too. */
const WASM_RUNTIME = /^io\.containerd\.(wasmedge|wasmtime|wasmer)\.v\d$/;

/** Keys of a service that stand for themselves. */
const OWN_ROWS: Rows = {
  annotations: same('annotations'),
  attach: noEffect('apply runs in the background; `logs --follow` shows the output'),
  cap_add: same('cap_add'),
  cap_drop: same('cap_drop'),
  cgroup: translated('`private`; `host` is refused', (value, { loading }) => {
    if (textOf(value) === 'host') loading.problems.of(value, HOST('cgroup namespace'), 'remove it');
    return {};
  }),
  cgroup_parent: refused('cgroups of containers are below `baleine`', 'remove it'),
  command: translated('`command`, split into words without a shell', (value, { loading }) => ({
    command: wordsOf(value, loading.problems),
  })),
  configs: same('configs'),
  container_name: translated('another name on its networks'),
  credential_spec: refused('it concerns Windows containers', 'remove it'),
  depends_on: translated('`depends_on`', (value) => ({ depends_on: value })),
  develop: translated('`develop`, for `baleine watch`', developOf),
  devices: same('devices'),
  entrypoint: translated(
    '`entrypoint`, split into words without a shell',
    (value, { loading }) => ({
      entrypoint: wordsOf(value, loading.problems),
    }),
  ),
  env_file: translated('`environment`'),
  environment: same('environment'),
  extends: translated('the service that it extends, merged'),
  gpus: refused('there is no support for GPUs', 'remove it'),
  group_add: same('group_add'),
  healthcheck: translated('`healthcheck`, with Compose’s times', healthCheckOf),
  init: translated('`init`', (value, { loading }) => ({
    init: booleanOf(value, loading.problems),
  })),
  ipc: namespace('ipc'),
  isolation: noEffect('it concerns Windows containers'),
  label_file: translated('`labels`'),
  labels: same('labels'),
  logging: translated('`logs.max_size`', loggingOf),
  'logging.driver': translated('baleine keeps logs itself'),
  'logging.options': translated('`logs.max_size`, of `max-size`'),
  models: refused('there is no model runner', 'run the model in a container'),
  oom_kill_disable: refused('a container that cannot be killed hangs the host', 'remove it'),
  oom_score_adj: translated('`oom_score_adj`', (value) => ({ oom_score_adj: numberOf(value) })),
  pid: namespace('pid'),
  ports: translated('`publish`'),
  post_start: hooks('post_start'),
  pre_stop: hooks('pre_stop'),
  privileged: translated('`false`; `true` is refused', (value, { loading }) => {
    if (booleanOf(value, loading.problems) && isTrue(value)) {
      const hint = 'add what it needs: cap_add or security_opt';
      loading.problems.of(value, 'a container never has all rights of the host', hint);
    }
    return {};
  }),
  profiles: translated('services of inactive profiles are left out'),
  provider: refused('providers need Docker’s plugins', 'run the service in a container'),
  read_only: translated('`read_only`', (value, { loading }) => ({
    read_only: booleanOf(value, loading.problems),
  })),
  restart: translated('`restart`; the default is `no`'),
  runtime: translated('`runtime`; those of WebAssembly are `wasm`', (value, { loading }) => {
    const runtime = textOf(value) ?? '';
    if (runtime === 'crun' || runtime === 'runc') return { runtime: value };
    const engine = WASM_RUNTIME.exec(runtime)?.[1];
    if (engine !== undefined) return { wasm: scalar(value, engine) };
    const hint = 'what there is: crun, runc, io.containerd.wasmedge.v1, … wasmtime, … wasmer';
    loading.problems.of(value, `there is no runtime ${runtime}`, hint);
    return {};
  }),
  scale: translated('`replicas`, or a farm if the service publishes a port'),
  secrets: same('secrets'),
  security_opt: translated('`seccomp`, `apparmor`, `selinux`', securityOf),
  shm_size: same('shm_size'),
  stdin_open: translated('`stdin_open`', (value, { loading }) => ({
    stdin_open: booleanOf(value, loading.problems),
  })),
  stop_grace_period: translated('`stop_grace_period`', (value, { loading }) => ({
    stop_grace_period: durationOf(value, loading.problems),
  })),
  stop_signal: same('stop_signal'),
  storage_opt: noEffect('the size of its image is the quota: x-baleine: {image: {size: 2G}}'),
  sysctls: same('sysctls'),
  tmpfs: translated('`tmpfs`'),
  tty: translated('`tty`', (value, { loading }) => ({
    tty: booleanOf(value, loading.problems),
  })),
  ulimits: translated('`ulimits`', (value) => ({ ulimits: value })),
  use_api_socket: refused('there is no Docker daemon', 'remove it'),
  user: same('user'),
  userns_mode: noEffect('x-baleine: {userns: auto} gives a container its own user ids'),
  uts: translated('its own; `host` is refused', (value, { loading }) => {
    const mode = textOf(value);
    if (mode === 'host') loading.problems.of(value, HOST('host name'), 'remove it');
    else if (mode) loading.problems.of(value, `there is no uts mode ${mode}`, 'remove it');
    return {};
  }),
  volumes: translated('`volumes`'),
  volumes_from: translated('the volumes of the other service'),
  working_dir: same('working_dir'),
};

/** Commands are split into words, as in `command`. */
function developOf(develop: Entry, { loading: { problems } }: Translation): Fields {
  const rules = below(develop, 'watch');
  if (!rules) return {};
  const all = (itemsOf(rules) ?? []).map((rule) => {
    const [exec, initial] = [below(rule, 'exec'), below(rule, 'initial_sync')];
    const command = exec && below(exec, 'command');
    return changed(rule, {
      ...(exec && command && { exec: changed(exec, { command: wordsOf(command, problems) }) }),
      ...(initial && { initial_sync: booleanOf(initial, problems) }),
    });
  });
  return { develop: mapping(develop, [['watch', sequence(rules, all)]]) };
}

const DEVELOP_ROWS: Rows = Object.fromEntries(
  [
    'watch',
    ...['path', 'action', 'target', 'ignore', 'include', 'initial_sync', 'exec'].map(
      (each) => `watch.${each}`,
    ),
    ...['command', 'environment', 'privileged', 'user', 'working_dir'].map(
      (each) => `watch.exec.${each}`,
    ),
  ].map((each) => [`develop.${each}`, translated(`\`develop.${each}\`, for \`baleine watch\``)]),
);

const HOOK_ROWS: Rows = Object.fromEntries(
  ['post_start', 'pre_stop'].flatMap((hook) =>
    ['command', 'environment', 'privileged', 'user', 'working_dir'].map((each) => [
      `${hook}.${each}`,
      translated(`\`${hook}.${each}\``),
    ]),
  ),
);

const HEALTH_ROWS: Rows = {
  'healthcheck.test': translated('`exec`'),
  'healthcheck.disable': translated('`disable`'),
  'healthcheck.interval': translated('`interval`; default 30s'),
  'healthcheck.timeout': translated('`timeout`; default 30s'),
  'healthcheck.retries': translated('`retries`; default 3'),
  'healthcheck.start_period': translated('`start_period`'),
  'healthcheck.start_interval': translated('`start_interval`'),
};

const REFERENCE_ROWS: Rows = {
  ...Object.fromEntries(
    ['configs', 'secrets'].flatMap((key) =>
      ['source', 'target', 'uid', 'gid', 'mode'].map((each) => [
        `${key}.${each}`,
        translated(`\`${key}.${each}\``),
      ]),
    ),
  ),
  'env_file.path': translated('`environment`'),
  'env_file.required': translated('whether a missing file is an error'),
  'env_file.format': translated('`raw` takes values as they are'),
  'extends.service': translated('the service that it extends, merged'),
  'extends.file': translated('the service that it extends, merged'),
  'depends_on.condition': translated('`condition`'),
  'depends_on.restart': translated('`restart`'),
  'depends_on.required': translated('`required`'),
  ...Object.fromEntries(
    ['source', 'target', 'permissions'].map((key) => [
      `devices.${key}`,
      translated(`\`devices.${key}\``),
    ]),
  ),
  'ulimits.soft': translated('`soft`'),
  'ulimits.hard': translated('`hard`'),
  'models.endpoint_var': noEffect('models are refused'),
  'models.model_var': noEffect('models are refused'),
  'provider.type': noEffect('providers are refused'),
  'provider.options': noEffect('providers are refused'),
  'credential_spec.config': noEffect('credential specs are refused'),
  'credential_spec.file': noEffect('credential specs are refused'),
  'credential_spec.registry': noEffect('credential specs are refused'),
  'gpus.capabilities': noEffect('GPUs are refused'),
  'gpus.count': noEffect('GPUs are refused'),
  'gpus.device_ids': noEffect('GPUs are refused'),
  'gpus.driver': noEffect('GPUs are refused'),
  'gpus.options': noEffect('GPUs are refused'),
};

/** Every key of a service. */
export const SERVICE_ROWS: Rows = {
  ...OWN_ROWS,
  ...IMAGE_ROWS,
  ...LIMIT_ROWS,
  ...SERVICE_NETWORK_ROWS,
  ...ATTACHMENT_ROWS,
  ...MOUNT_ROWS,
  ...PORT_ROWS,
  ...DEVELOP_ROWS,
  ...HOOK_ROWS,
  ...HEALTH_ROWS,
  ...REFERENCE_ROWS,
  deploy: translated('`replicas`, `limits`, `restart`, `update`'),
  ...DEPLOY_ROWS,
};
