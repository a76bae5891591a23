/**
 * An entry of `images:` that is quick to build (some 100 ms): busybox, one static binary, in a small ext4
 * file. JSON is valid YAML, so `JSON.stringify` can write it to a file.
 */
export const SMALL_IMAGE = { size: '8M', from: { host: { binaries: ['/bin/busybox'] } } };

/**
 * A command that idles for an hour and ends at SIGTERM: the first process of a container ignores signals
 * without a handler, and would be killed after its grace period.
 */
export const IDLE = ['busybox', 'sh', '-c', 'trap "exit 0" TERM; busybox sleep 3600 & wait'];
