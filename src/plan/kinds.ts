import type { AnyKind } from '../kinds/kind.js';
import type { KindName } from '../model/address.js';

/** All there are, by name. */
export type Kinds = Readonly<Record<KindName, AnyKind>>;
