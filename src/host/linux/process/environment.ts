/**
 * The caller's variables that are passed to programs: the user, the paths of programs and temporary
 * files, and access to registries and mirrors. Nothing else is passed, especially not variables
 * meant for one process alone, such as NOTIFY_SOCKET (sd_notify(3)), LISTEN_FDS (sd_listen_fds(3)),
 * LD_PRELOAD or NODE_OPTIONS.
 */
const PASSED_VARIABLES = new Set([
  ...['HOME', 'USER', 'LOGNAME', 'TERM', 'TZ', 'TMPDIR', 'SOURCE_DATE_EPOCH'],
  ...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GNUPGHOME'],
  ...['XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'],
  ...['REGISTRY_AUTH_FILE', 'DOCKER_CONFIG', 'CONTAINERS_CONF', 'CONTAINERS_REGISTRIES_CONF'],
]);

/** cron's PATH has no sbin, where Debian keeps mkfs.ext4, losetup and runc. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Folders that are searched for programs, in order. */
export function programPath(): string {
  return [process.env.PATH || '/usr/local/bin:/usr/bin:/bin', ...SYSTEM_FOLDERS].join(':');
}

/**
 * The complete environment of a program that we start, the same from cron and from a shell.
 * Messages are in English, so that they can be parsed.
 *
 * @param added overrides the caller's variables, except LC_ALL
 */
export function environment(added: Record<string, string> = {}): Record<string, string> {
  const passed = Object.entries(process.env).filter(([name]) => PASSED_VARIABLES.has(name));
  return {
    ...(Object.fromEntries(passed) as Record<string, string>),
    PATH: programPath(),
    ...added,
    LC_ALL: 'C',
  };
}
