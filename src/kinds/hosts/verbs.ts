import type { HostsSpec } from '../../model/specs.js';

export interface HostsVerbs {
  /** The file, and those of its copies that are there. */
  'hosts.write': HostsSpec;
  /** The copies belong to their containers and go with them. */
  'hosts.remove': { file: string };
}
