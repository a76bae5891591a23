/** A device file of the host in a container. */
export interface DeviceEntry {
  /** Absolute path on the host, of a device or of a folder of devices. */
  source: string;
  /** Path inside; for a folder, that of the folder. */
  target: string;
  /** Letters of `rwm`, in this order. */
  access: string;
}

/** The same as found on the host. */
export interface DeviceSpec extends DeviceEntry {
  type: 'b' | 'c';
  major: number;
  minor: number;
}

/** As in a rule of `limits.devices`. */
export const ruleOf = ({ type, major, minor, access }: DeviceSpec) =>
  ({ allow: `${type} ${major}:${minor} ${access}` }) as const;

/** A device at the path that a file names, or below it. */
export interface FoundDevice extends Pick<DeviceSpec, 'type' | 'major' | 'minor'> {
  /** Below the named path, `/card0`; empty for the path itself. */
  below: string;
}

/** By the path that a file names. */
export type FoundDevices = Readonly<Record<string, readonly FoundDevice[]>>;

/** The devices of a container; of two with the same target, the later one. */
export function devicesOf(
  entries: readonly DeviceEntry[] | undefined,
  found: FoundDevices,
): DeviceSpec[] | undefined {
  if (!entries) return undefined;
  const all = entries.flatMap(({ source, target, access }) =>
    (found[source] ?? []).map(({ below, ...numbers }) => {
      return { source: source + below, target: target + below, access, ...numbers };
    }),
  );
  return [...new Map(all.map((each) => [each.target, each])).values()];
}
