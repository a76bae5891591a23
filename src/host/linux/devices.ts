import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../model/config.js';
import { entriesOf } from '../../model/config.js';
import type { FoundDevice, FoundDevices } from '../../model/device-nodes.js';
import { messageOf, UserError } from '../../model/errors.js';
import { formatDevice } from './device-numbers.js';

/**
 * The devices that a file names, by number: a container is bound to the device that it was planned
 * with, whatever the path leads to later.
 *
 * @throws UserError with every device that is missing or refused, and its position
 */
export function readDevices(config: Config): FoundDevices {
  const found: Record<string, FoundDevice[]> = {};
  const complaints: string[] = [];
  for (const { path, entry } of entriesOf(config)) {
    for (const [index, { source }] of (entry.devices ?? []).entries()) {
      if (Object.hasOwn(found, source)) continue;
      try {
        found[source] = devicesAt(source);
      } catch (error) {
        const where = config.where([...path, 'devices', index]);
        complaints.push(`${where}: cannot give ${source} to a container: ${messageOf(error)}`);
      }
    }
  }
  if (complaints.length > 0) throw new UserError(complaints);
  return found;
}

/** Devices in one folder, with those below it. */
const MAX_DEVICES = 64;

function devicesAt(source: string): FoundDevice[] {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (!stats) throw new Error('this host has no such device');
  if (!stats.isDirectory()) return [deviceAt(source, '')];
  const names = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((each) => each.isCharacterDevice() || each.isBlockDevice())
    .map((each) => join(each.parentPath, each.name).slice(source.length));
  if (names.length === 0) throw new Error('there is no device in this folder');
  if (names.length > MAX_DEVICES) {
    throw new Error(
      `it has ${names.length} devices, and at most ${MAX_DEVICES} can be named at once`,
    );
  }
  return names.sort().map((below) => deviceAt(source, below));
}

/** mem, kmem, port and oldmem of the kernel's devices.txt: everything of the host. */
const MEMORY = /^1:(1|2|4|12)$/;

function deviceAt(source: string, below: string): FoundDevice {
  const stats = statSync(source + below, { bigint: true });
  const type = stats.isCharacterDevice() ? 'c' : stats.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) throw new Error('it is not a device');
  const number = formatDevice(stats.rdev);
  if (type === 'c' && MEMORY.test(number)) {
    throw new Error('it is the memory of the host, or its ports');
  }
  const user = type === 'b' ? diskUser(number) : undefined;
  if (user !== undefined) throw new Error(`the host uses this disk: ${user}`);
  const [major = 0, minor = 0] = number.split(':').map(Number);
  return { below, type, major, minor };
}

/** What the host does with a block device, or with another part of the same disk; undefined for nothing. */
function diskUser(number: string): string | undefined {
  const disk = diskOf(number);
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [, , device = '', , at = ''] = line.split(' ');
    const source = line.split(' - ')[1]?.split(' ')[1] ?? '';
    // Btrfs shows a number of its own
    const numbers = [device, ...(source.startsWith('/dev/') ? numberAt(source) : [])];
    if (numbers.some((each) => each === number || (disk !== undefined && diskOf(each) === disk))) {
      return `it is mounted at ${at}`;
    }
  }
  const swaps = readFileSync('/proc/swaps', 'utf8').split('\n').slice(1);
  const isSwap = swaps.some((line) =>
    numberAt(line.split(/\s/)[0] ?? '').some((each) => each === number || diskOf(each) === disk),
  );
  if (isSwap) return 'it swaps to it';
  const holders = namesIn(`/sys/dev/block/${number}/holders`);
  return holders.length > 0 ? `${holders.join(', ')} is on it` : undefined;
}

/** The folder of a whole disk in sysfs, also for a partition. */
function diskOf(number: string): string | undefined {
  try {
    const path = realpathSync(`/sys/dev/block/${number}`);
    return namesIn(path).includes('partition') ? join(path, '..') : path;
  } catch {
    return undefined;
  }
}

function numberAt(path: string): string[] {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isBlockDevice() ? [formatDevice(stats.rdev)] : [];
  } catch {
    return [];
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
