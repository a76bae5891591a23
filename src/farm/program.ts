import type { ContainerEntry, ImageSource } from '../model/config.js';

/** Contains only this program of the host, with its files. */
export function programImage(binary: string, files: string[] = []): ImageSource {
  return {
    size: 64 * 1024 ** 2,
    from: { host: { binaries: [binary], files } },
    copy: [],
    run: [],
    config: { environment: {} },
    protect: false,
  };
}

/** What the containers of our own programs have in common: few rights, and healed at once. */
export function programEntry(
  more: Pick<ContainerEntry, 'image' | 'command' | 'bridges' | 'volumes' | 'limits' | 'cap_add'> &
    Partial<ContainerEntry>,
): ContainerEntry {
  return {
    environment: {},
    restart: { name: 'always' },
    heal: 'immediate',
    depends_on: {},
    stop_grace_period: 10_000,
    protect: false,
    security: 'default',
    cap_drop: ['ALL'],
    read_only: true,
    tmpfs: [],
    sysctls: {},
    // one or two descriptors per connection; limited to the host's own maximum
    ulimits: { nofile: { soft: 65_536, hard: 65_536 } },
    dns: [],
    labels: {},
    logs: { max_size: 10 * 1024 ** 2 },
    ...more,
  };
}
