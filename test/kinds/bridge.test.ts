import { describe, expect, it } from 'vitest';
import type { ObservedLink, Probe } from '../../src/host/ports.js';
import { bridge } from '../../src/kinds/bridge/index.js';
import { installPaths } from '../../src/model/install-paths.js';
import type { Resource, Row } from '../../src/model/resource.js';
import type { BridgeSpec } from '../../src/model/specs.js';
import { cellsOf } from './cells.js';

const paths = installPaths('/var/lib/test');
const SPEC: BridgeSpec = {
  link: 'bb-1',
  alias: 'baleine:1:shop/bridge.front',
  subnet: '10.77.1.0/24',
  host: '10.77.1.1',
  isolated: false,
  uplink: 'eth1',
};
const SEEN: ObservedLink = {
  name: 'bb-1',
  kind: 'bridge',
  up: true,
  alias: SPEC.alias,
  addresses: ['10.77.1.1/24'],
};
const UPLINK: ObservedLink = { name: 'eth1', kind: '', up: true, master: 'bb-1', addresses: [] };

/** A host that has only these links. */
function host(...links: ObservedLink[]): Probe {
  return {
    link: (name: string) => links.find((link) => link.name === name),
    subnets: () =>
      links.flatMap(({ name, addresses }) => addresses.map((address) => ({ link: name, address }))),
  } as Partial<Probe> as Probe;
}

const resource = (spec: BridgeSpec): Resource<BridgeSpec> => ({
  address: 'bridge.front',
  kind: 'bridge',
  name: 'front',
  spec,
  needs: [],
  protect: false,
});
const row = (spec: BridgeSpec): Row<BridgeSpec> => ({
  kind: 'bridge',
  stack: 'shop',
  name: 'front',
  status: 'ready',
  spec,
  facts: {},
  needs: [],
  protect: false,
});

function compared(desired: BridgeSpec, recorded: BridgeSpec, ...links: ObservedLink[]) {
  const seen = bridge.observe(recorded, undefined, host(...links), paths);
  if (!seen) throw new Error('not seen');
  const differences = bridge.compare(resource(desired), row(recorded), seen);
  const steps = bridge.update(resource(desired), row(recorded), seen, differences, paths);
  return { reasons: differences.map(({ cause, reason }) => `${cause}: ${reason}`), steps };
}

describe('a bridge', () => {
  it('as applied has no differences, observed or assumed', () => {
    expect(compared(SPEC, SPEC, SEEN, UPLINK).reasons).toEqual([]);
    expect(bridge.assume(SPEC, undefined)).toEqual(
      bridge.observe(SPEC, undefined, host(SEEN, UPLINK), paths),
    );
  });

  it('is observed only as a bridge', () => {
    expect(bridge.observe(SPEC, undefined, host(), paths)).toBeUndefined();
    expect(
      bridge.observe(SPEC, undefined, host({ ...SEEN, kind: 'dummy' }), paths),
    ).toBeUndefined();
  });

  it.each([
    ['link bb-1 is down', { up: false }, {}],
    ['address 10.77.1.1/24 is missing', { addresses: ['10.77.1.1/16'] }, {}],
    ['uplink eth1 has left', {}, { master: 'br9' }],
  ])('with drift is repaired: %s', (reason, link, uplink) => {
    const found = compared(SPEC, SPEC, { ...SEEN, ...link }, { ...UPLINK, ...uplink });
    expect(found.reasons).toEqual([`drift: ${reason}`]);
    expect(found.steps).toEqual([
      {
        verb: 'bridge.ensure',
        args: { link: 'bb-1', alias: SPEC.alias, address: '10.77.1.1/24', uplink: 'eth1' },
        reason,
      },
    ]);
  });

  it.each<[NonNullable<ObservedLink['ipv6']>, string[]]>([
    ['link', ['drift: the host has an IPv6 address on it']],
    ['global', []],
  ])(
    'is taken off IPv6 where it has no uplink and only an address of scope %s',
    (ipv6, reasons) => {
      const { uplink: _, ...alone } = SPEC;
      expect(compared(alone, alone, { ...SEEN, ipv6 }).reasons).toEqual(reasons);
      expect(compared(SPEC, SPEC, { ...SEEN, ipv6 }, UPLINK).reasons).toEqual([]);
    },
  );

  it('changes in place as declared, which is no drift', () => {
    const { uplink: _, ...rest } = SPEC;
    const desired = { ...rest, subnet: '10.78.0.0/16', host: '10.78.0.1' };
    const { reasons, steps } = compared(desired, SPEC, SEEN, UPLINK);
    expect(reasons).toEqual([
      'file: subnet 10.77.1.0/24 → 10.78.0.0/16',
      'file: host 10.77.1.1 → 10.78.0.1',
      'file: uplink eth1 → (none)',
    ]);
    expect(steps.map(({ args }) => args)).toEqual([
      { link: 'bb-1', alias: SPEC.alias, address: '10.78.0.1/16', release: 'eth1' },
    ]);
  });

  it('that is not ours is rejected', () => {
    const foreign = (...links: ObservedLink[]) => bridge.foreign(SPEC, host(...links), paths);
    expect(foreign()).toBeUndefined();
    expect(foreign(SEEN)).toBeUndefined();
    expect(foreign({ ...SEEN, alias: 'somebody' })).toBe(
      'interface bb-1 exists and is marked somebody',
    );
  });

  it('lists its containers in its table', () => {
    const columns = bridge.table.columns.slice(0, 3);
    const on = (stack: string, own: string, bridge_link: string) =>
      ({ kind: 'container', spec: { id: `${stack}.${own}`, links: [{ bridge_link }] } }) as Row;
    const rows = [on('shop', 'b', 'bb-1'), on('shop', 'a', 'bb-1'), on('shop', 'c', 'bb-2')];
    expect(cellsOf(columns, row(SPEC), rows)).toEqual(['bb-1', 'front', 'shop.a,shop.b']);
    expect(columns.map(({ header }) => header)).toEqual(['ID', 'NOM_BRIDGE', 'ID_CONTAINERS']);
  });
});
