/**
 * The quickest image to make for a test: busybox, one static binary, on a small ext4 file (some
 * 100 ms, 1 MB of data). As an entry of `images:`; JSON is YAML, so it can stand in a file as
 * `JSON.stringify` writes it.
 */
export const SMALL_IMAGE = { size: '8M', from: { host: { binaries: ['/bin/busybox'] } } };

/**
 * Does nothing for an hour and ends at once when told to: the first process of a container gets
 * SIGTERM only if it has a handler for it, and is otherwise killed after its grace period.
 */
export const IDLE = ['busybox', 'sh', '-c', 'trap "exit 0" TERM; busybox sleep 3600 & wait'];
