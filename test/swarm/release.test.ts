import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/formats/load.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { ContentSpec, ServiceSpec, SwarmImageSpec } from '../../src/model/swarm.js';
import { toApi } from '../../src/swarm/api-service.js';
import { desiredInSwarm } from '../../src/swarm/desired/index.js';
import { pinnedTo, pinPrevious, type ServiceRow } from '../../src/swarm/desired/release.js';
import { service, specAfterRollback } from '../../src/swarm/kinds/service.js';
import { rowOf, seenOf } from './support.js';

interface Wanted {
  release?: string;
  port?: number;
  replicas?: number;
  /** Of the image's content. */
  content?: string;
  image?: string;
}

const file = ({ release = 'one', port = 80, replicas = 2, image = 'page' }: Wanted) => `
name: shop
engine: swarm
images:
  box: { from: { host: { binaries: [/bin/busybox] } } }
  ${image}: { from: { host: { binaries: [/bin/busybox] } }, copy: [{ from: ./page, to: /page }] }
bridges: { back: { subnet: 10.9.0.0/24 } }
farms:
  web:
    servers:
      { image: ${image}, replicas: ${replicas}, port: ${port}, bridges: [back], environment: { RELEASE: ${release} } }
    proxy: { image: box, engine: haproxy, listen: 80, bridges: [back] }
    update: { failure_action: rollback }
`;

function desired(wanted: Wanted, rows: Row[] = [], scale: Record<string, number> = {}) {
  const directory = '/srv/shop';
  const config = loadConfig({ text: file(wanted), file: 'baleine.yaml', directory, env: {} });
  const { content = 'aa', image = 'page' } = wanted;
  const about = { sources: { [image]: content }, origins: {}, scale };
  return desiredInSwarm({ config, rows, paths: installPaths('/root'), ...about });
}

const servers = (all: Resource[]) =>
  all.find(({ address }) => address === 'service.web-server') as Resource<ServiceSpec>;

const reference = (all: Resource[]) =>
  (all.find(({ address }) => address === 'image.page') as Resource<SwarmImageSpec>).spec;

/** The rows after these files, one after the other. */
function applied(...files: Wanted[]): Row[] {
  let rows: Row[] = [];
  for (const each of files) rows = desired(each, rows).map(rowOf);
  return rows;
}

/** The rows of a stack whose servers are pinned to their previous release. */
function rolledBack(rows: Row[], wanted: Wanted): Row[] {
  return rows.map((row) => {
    if (row.name !== 'web-server') return row;
    const held = pinPrevious(servers(desired(wanted, rows)).spec, row as ServiceRow);
    return { ...row, spec: { ...(row.spec as ServiceSpec), ...(held && { held }) } };
  });
}

const two = { release: 'two', content: 'bb' };

describe('a service of a swarm that is rolled back', () => {
  it('has the release before its last change, until the file asks for another one', () => {
    const rows = rolledBack(applied({}, two), two);
    const back = servers(desired(two, rows)).spec;
    expect(back).toEqual(pinnedTo(back, back.held as NonNullable<typeof back.held>));
    expect(back.environment).toEqual({ RELEASE: 'one' });
    expect(back.image).toBe(servers(desired({})).spec.image);
    expect(back.held?.differs).toEqual(['image', 'environment']);
    // a number of servers is no release
    const more = servers(desired({ ...two, replicas: 5 }, rows)).spec;
    expect([more.replicas, more.environment]).toEqual([5, { RELEASE: 'one' }]);
    const three = servers(desired({ release: 'three' }, rows)).spec;
    expect([three.held, three.environment]).toEqual([undefined, { RELEASE: 'three' }]);
  });

  it('has nothing to go back to without a change, and goes one step', () => {
    const pinOf = (rows: Row[], wanted: Wanted, status: Row['status'] = 'ready') => {
      const row = { ...rows.find(({ name }) => name === 'web-server'), status } as ServiceRow;
      return pinPrevious(servers(desired(wanted, rows)).spec, row)?.to.environment.RELEASE;
    };
    expect(pinOf(applied({}), {})).toBeUndefined();
    expect(pinOf(applied({}, { replicas: 5 }), { replicas: 5 })).toBeUndefined();
    expect(pinOf(applied({}, two, { ...two, replicas: 5 }), { ...two, replicas: 5 })).toBe('one');
    // an update that stopped: the row has what was before it
    expect(pinOf(applied({ release: 'zero' }, {}), two, 'pending')).toBe('one');
  });

  it('is reached by its proxy at the port of that release', () => {
    const other = { port: 81 };
    const portIn = (all: Resource[]) => {
      const config = all.find(({ kind }) => kind === 'config') as Resource<ContentSpec>;
      return /tasks\.shop_web-server:(\d+)/.exec(config.spec.text ?? '')?.[1];
    };
    const rows = applied({}, other);
    expect(portIn(desired(other, rows))).toBe('81');
    const back = rolledBack(rows, other);
    expect(portIn(desired(other, back))).toBe('80');
    expect(servers(desired(other, back)).spec.held?.differs).toEqual(['port or health check']);
  });

  it('keeps its image on the nodes, even one that the file has no more', () => {
    const first = reference(desired({})).reference;
    const rows = applied({}, two);
    expect(reference(desired({ ...two, content: 'cc' }, rows)).kept).toEqual([
      ...new Set([first, reference(desired(two)).reference].sort()),
    ]);
    const renamed = { ...two, image: 'other' };
    const recorded = [
      ...applied({}, two, renamed),
      ...rows.filter(({ kind, name }) => kind === 'image' && name === 'page'),
    ];
    expect(desired(renamed, recorded).some(({ address }) => address === 'image.page')).toBe(false);
    const all = desired(renamed, rolledBack(recorded, renamed));
    expect(servers(all).needs).toContain('image.page');
    expect(all.some(({ address }) => address === 'image.page')).toBe(true);
  });

  it('is planned as that, and is not rolled back again by the swarm', () => {
    const rows = applied({}, two);
    const row = rows.find(({ name }) => name === 'web-server') as ServiceRow;
    const back = servers(desired(two, rolledBack(rows, two)));
    const seen = seenOf(toApi(back.address, row.spec, row.spec.image));
    const differences = service.compare(back, row, seen);
    expect(differences.map(({ attribute }) => attribute)).toEqual([
      'image',
      'environment.RELEASE',
      'update.failure_action',
      'held',
    ]);
    const [step] = service.update(back, row, seen, differences, installPaths('/root'));
    expect(step?.args).toMatchObject({ service: { UpdateConfig: { FailureAction: 'pause' } } });
    expect(service.note?.(back, row, seen)).toBe(
      'is rolled back: the file asks for another image, environment',
    );
  });
});

describe('a service that the swarm has rolled back', () => {
  /** The digest that a failed update leaves behind. */
  function refusedBy(rows: Row[], wanted: Wanted): ServiceRow {
    const row = rows.find(({ name }) => name === 'web-server') as ServiceRow;
    const next = servers(desired(wanted, rows));
    const seen = seenOf(toApi(next.address, row.spec, row.spec.image));
    const differences = service.compare(next, row, seen);
    const [step] = service.update(next, row, seen, differences, installPaths('/root'));
    const args = step?.args as { version: string } | undefined;
    return { ...row, facts: { refused: String(args?.version) } };
  }

  it('is not tried again in another number, and gets that number', () => {
    const rows = applied({});
    const row = refusedBy(rows, two);
    const kept = (wanted: Wanted, scale = {}) =>
      specAfterRollback(servers(desired(wanted, rows, scale)), row);
    expect(kept(two)).toEqual(row.spec);
    expect(kept(two, { web: 5 })).toEqual({
      ...row.spec,
      ...{ replicas: 5, scaled: { file: 2, servers: 5 } },
    });
    expect(kept({ release: 'three' })).toBeUndefined();
  });

  it('stays in its number if the number alone was too much', () => {
    const rows = applied({});
    const row = refusedBy(rows, { replicas: 9 });
    expect(specAfterRollback(servers(desired({ replicas: 9 }, rows)), row)).toEqual(row.spec);
    expect(specAfterRollback(servers(desired({ replicas: 8 }, rows)), row)).toBeUndefined();
  });
});
