import { protectKey } from '../../key.js';
import { annotations } from './annotations.js';
import { apparmor } from './apparmor.js';
import { bridges } from './bridges.js';
import { cap_add } from './cap_add.js';
import { cap_drop } from './cap_drop.js';
import { command } from './command.js';
import { configs } from './configs.js';
import { depends_on } from './depends_on.js';
import { develop } from './develop.js';
import { devices } from './devices.js';
import { dns } from './dns.js';
import { dns_opt } from './dns_opt.js';
import { dns_search } from './dns_search.js';
import { domainname } from './domainname.js';
import { egress } from './egress.js';
import { entrypoint } from './entrypoint.js';
import { environment } from './environment.js';
import { extra_hosts } from './extra_hosts.js';
import { group_add } from './group_add.js';
import { heal } from './heal.js';
import { healthcheck } from './healthcheck.js';
import { hostname } from './hostname.js';
import { image } from './image.js';
import { init } from './init.js';
import { ipc } from './ipc.js';
import { labels } from './labels.js';
import { limits } from './limits.js';
import { logs } from './logs.js';
import { network_mode } from './network_mode.js';
import { on_change } from './on_change.js';
import { oom_score_adj } from './oom_score_adj.js';
import { pid } from './pid.js';
import { placement } from './placement.js';
import { platform } from './platform.js';
import { post_snapshot } from './post_snapshot.js';
import { post_start } from './post_start.js';
import { pre_snapshot } from './pre_snapshot.js';
import { pre_stop } from './pre_stop.js';
import { publish } from './publish.js';
import { read_only } from './read_only.js';
import { replicas } from './replicas.js';
import { restart } from './restart.js';
import { runtime } from './runtime.js';
import { seccomp } from './seccomp.js';
import { secrets } from './secrets.js';
import { security } from './security.js';
import { selinux } from './selinux.js';
import { shm_size } from './shm_size.js';
import { snapshot_on_change } from './snapshot_on_change.js';
import { stdin_open } from './stdin_open.js';
import { stop_grace_period } from './stop_grace_period.js';
import { stop_signal } from './stop_signal.js';
import { sysctls } from './sysctls.js';
import { tmpfs } from './tmpfs.js';
import { tty } from './tty.js';
import { ulimits } from './ulimits.js';
import { user } from './user.js';
import { userns } from './userns.js';
import { volumes } from './volumes.js';
import { wasm } from './wasm.js';
import { working_dir } from './working_dir.js';

/** Every key of a container, in the order a reader of the file would want them. */
export const KEYS = {
  image,
  entrypoint,
  command,
  replicas,
  bridges,
  network_mode,
  pid,
  ipc,
  volumes,
  secrets,
  configs,
  on_change,
  publish,
  environment,
  user,
  group_add,
  working_dir,
  devices,
  limits,
  restart,
  healthcheck,
  heal,
  depends_on,
  init,
  tty,
  stdin_open,
  post_start,
  pre_stop,
  pre_snapshot,
  snapshot_on_change,
  post_snapshot,
  stop_signal,
  stop_grace_period,
  protect: protectKey,
  security,
  userns,
  seccomp,
  apparmor,
  selinux,
  cap_add,
  cap_drop,
  read_only,
  tmpfs,
  shm_size,
  sysctls,
  ulimits,
  oom_score_adj,
  hostname,
  domainname,
  extra_hosts,
  dns,
  dns_search,
  dns_opt,
  egress,
  labels,
  annotations,
  placement,
  platform,
  runtime,
  wasm,
  logs,
  develop,
} as const;
