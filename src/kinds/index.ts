import { bridge } from './bridge/index.js';
import { container } from './container/index.js';
import { config } from './generated-file/index.js';
import { hosts } from './hosts/index.js';
import { image } from './image/index.js';
import { jobKind } from './job/index.js';
import type { AnyKind } from './kind.js';
import { volume } from './volume/index.js';

/** A job knows nothing of the container of its runs but that it is one. */
const job = jobKind(container);

/** All kinds. To add one, add its folder and a line here. */
export const kinds = {
  image,
  bridge,
  volume,
  config,
  hosts,
  container,
  job,
} as const satisfies Record<string, AnyKind>;
