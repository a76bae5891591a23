import { suggest } from '../../config/suggest.js';

/** Words of other tools for a key, by the key here; a dot leads into a mapping. */
const WORDS: Readonly<Record<string, string>> = {
  image: 'img template',
  bridges: 'network networks nets net links link interfaces',
  publish: 'ports port portMappings port_mappings expose',
  environment: 'env envs env_vars variables envFrom',
  command: 'cmd args arguments run exec',
  entrypoint: 'entry_point entryPoint',
  working_dir: 'workdir working_directory workingDir cwd',
  user: 'uid username runAsUser',
  volumes: 'volume mounts mount binds volumeMounts',
  hostname: 'host_name',
  'bridges.NAME.aliases': 'container_name alias aliases external_links',
  'bridges.NAME.address': 'ip ipv4_address ip_address static_ip',
  'bridges.NAME.address6': 'ip6 ipv6_address',
  'bridges.NAME.mac': 'mac_address',
  replicas: 'scale instances count num_replicas deploy',
  depends_on: 'dependsOn depends requires after needs',
  healthcheck: 'health health_check healthCheck livenessProbe readinessProbe probe check',
  restart: 'restart_policy restartPolicy autorestart',
  'limits.memory': 'mem memory mem_limit memory_limit ram',
  'limits.memory_reservation': 'mem_reservation memory_reservation',
  'limits.memory_swap': 'memswap_limit memory_swap swap',
  'limits.memory_swappiness': 'mem_swappiness',
  'limits.cpus': 'cpu cpus cpu_limit cpu_quota cpu_count',
  'limits.cpu_shares': 'cpu_shares cpu_weight',
  'limits.cpuset': 'cpuset cpuset_cpus',
  'limits.pids': 'pids_limit pids max_pids',
  'limits.io': 'blkio_config blkio io',
  'limits.devices': 'device_cgroup_rules',
  limits: 'resources resource quota',
  devices: 'device',
  logs: 'logging log log_driver log_opt',
  secrets: 'secret',
  configs: 'config configMap',
  seccomp: 'security_opt securityContext',
  userns: 'userns_mode',
  cap_add: 'capabilities caps',
  read_only: 'readonly readOnly read_only_root',
  stop_grace_period: 'stop_timeout timeout grace terminationGracePeriodSeconds',
  stop_signal: 'kill_signal',
  post_start: 'poststart postStart on_start',
  pre_stop: 'prestop preStop on_stop',
  extra_hosts: 'add_host hosts hostAliases',
  labels: 'label tags',
  // of an image
  'from.dockerfile': 'build dockerfile containerfile buildah',
  'from.registry': 'registry repository pull_from tag',
  pull: 'pull_policy imagePullPolicy image_pull_policy',
  copy: 'files add',
  size: 'disk disk_size storage_opt',
  // of a bridge
  subnet: 'cidr ipam range_cidr ip_cidr',
  subnet6: 'enable_ipv6 ipv6 subnet_v6',
  host: 'address host_address ip_gateway',
  isolated: 'internal',
  egress: 'nat masquerade outbound internet',
  uplink: 'parent driver_opts macvlan',
  range: 'ip_range dhcp_range',
  dns: 'nameserver nameservers dns_servers',
  // of a farm
  servers: 'server backend backends upstream',
  proxy: 'frontend loadbalancer load_balancer',
  update: 'update_config rolling_update',
  // of the file
  containers: 'services service container',
  farms: 'farm',
  jobs: 'job cronjobs cronjob crons cron tasks scheduled_jobs',
  schedule: 'cron every interval when',
  timezone: 'time_zone tz timeZone',
  timeout: 'activeDeadlineSeconds deadline',
  retries: 'backoffLimit max_retries attempts',
  concurrency: 'concurrencyPolicy concurrency_policy overlap',
  keep_logs: 'history successfulJobsHistoryLimit failedJobsHistoryLimit',
  images: 'builds',
};

/** Words that name something that is not there, and why. */
const MISSING: Readonly<Record<string, string>> = {
  privileged: 'there are no privileged containers: cap_add and limits.devices give what is needed',
  cgroup_parent: 'cgroups of containers are below baleine',
  gpus: 'there is no support for GPUs',
  build_args: 'it is args of from.dockerfile',
  driver: 'there are no drivers: bridges are those of Linux, volumes are folders',
  version: 'the file has no version: remove it',
  attach: 'containers run in the background: baleine up follows their output',
  isolation: 'it concerns Windows containers',
  uts: 'each container has a UTS namespace of its own',
  cgroup: 'each container has a cgroup namespace of its own',
  oom_kill_disable: 'a container that cannot be killed would hang the host',
};

const HERE = new Map(
  Object.entries(WORDS).flatMap(([here, words]) =>
    words.split(' ').map((word) => [word, here] as const),
  ),
);

/**
 * What to write in place of an unknown key: what another tool’s word means here, else the nearest of
 * the known ones.
 */
export function hintFor(word: string, known: readonly string[]): string | undefined {
  const here = HERE.get(word);
  if (here !== undefined && known.includes(here.split('.')[0] ?? '')) {
    return `did you mean ${JSON.stringify(here)}?`;
  }
  return (Object.hasOwn(MISSING, word) ? MISSING[word] : undefined) ?? suggest(word, known);
}
