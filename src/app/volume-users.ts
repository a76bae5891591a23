import { type Address, addressOf } from '../model/address.js';
import type { Row } from '../model/resource.js';
import { refuseUsed, rowsOf, usersIn } from './imperative/record.js';

/** Containers that mount it, of any stack, running or not. */
export function usersOf(rows: readonly Row[], path: string) {
  return usersIn(rows).filter(({ spec }) =>
    // or a folder in it
    spec.mounts.some(({ source }) => source === path || source.startsWith(`${path}/`)),
  );
}

/** @throws UserError if another stack mounts a volume of this one, whose data would go with it */
export function refuseShared(
  rows: readonly Row[],
  stack: string,
  isRemoved: (address: Address) => boolean = () => true,
): void {
  for (const { name, spec, ...volume } of rowsOf(rows, 'volume')) {
    if (volume.stack !== stack || !isRemoved(addressOf('volume', name))) continue;
    const others = usersOf(rows, spec.path).filter((row) => row.stack !== stack);
    refuseUsed(`destroy volume ${name}`, others);
  }
}
