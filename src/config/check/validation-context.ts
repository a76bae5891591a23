import type { Config, ContainerEntry } from '../../model/config.js';
import type { Document } from '../document.js';
import type { Problems } from '../problem.js';

/** The content of a file, by section. */
export type Sections = Pick<
  Config,
  | 'name'
  | 'images'
  | 'bridges'
  | 'volumes'
  | 'containers'
  | 'farms'
  | 'jobs'
  | 'secrets'
  | 'configs'
  | 'engine'
  | 'swarm'
>;

export type Section = Exclude<keyof Sections, 'name' | 'engine' | 'swarm'>;

/**
 * Everything that describes containers: an entry of `containers` or `jobs`, the servers or the proxy
 * of a farm.
 */
export interface Service {
  path: string[];
  entry: ContainerEntry;
  /** Names of the resulting containers. */
  names: string[];
}

/** The input of the checks. */
export interface ValidationContext extends Sections {
  services: Service[];
  /** Names in the file, including entries that were dropped because they are malformed. */
  declared: Record<Section, ReadonlySet<string>>;
  problems: Problems;
}

export function validationContextOf(
  sections: Sections,
  document: Pick<Document, 'root'>,
  problems: Problems,
): ValidationContext {
  const names = (section: Section) => namesIn(document, section);
  return {
    ...sections,
    services: servicesOf(sections),
    declared: {
      images: names('images'),
      bridges: names('bridges'),
      volumes: names('volumes'),
      containers: names('containers'),
      farms: names('farms'),
      jobs: names('jobs'),
      secrets: names('secrets'),
      configs: names('configs'),
    },
    problems,
  };
}

function servicesOf({ containers, farms, jobs = {} }: Sections): Service[] {
  const plain = Object.entries(containers).map(([name, entry]) => ({
    path: ['containers', name],
    entry,
    names: entry.replicas === undefined ? [name] : numbered(name, entry.replicas),
  }));
  const parts = Object.entries(farms).flatMap(([name, { servers, proxy }]) => [
    {
      path: ['farms', name, 'servers'],
      entry: servers,
      names: numbered(`${name}-server`, servers.replicas ?? 1),
    },
    { path: ['farms', name, 'proxy'], entry: proxy, names: [`${name}-proxy`] },
  ]);
  const runs = Object.entries(jobs).map(([name, entry]) => ({
    path: ['jobs', name],
    entry,
    names: [name],
  }));
  return [...plain, ...parts, ...runs];
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
}

function namesIn({ root }: Pick<Document, 'root'>, section: Section): Set<string> {
  const node = root.node.type === 'mapping' ? root.node.entries.get(section)?.node : undefined;
  return new Set(node?.type === 'mapping' ? node.entries.keys() : []);
}
