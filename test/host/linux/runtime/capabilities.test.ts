import { describe, expect, it } from 'vitest';
import { capabilitiesIn, capabilitiesOf } from '../../../../src/host/linux/runtime/capabilities.js';

const all = capabilitiesIn('000001ffffffffff');
const given = (
  security: 'default' | 'restricted' | 'unconfined',
  cap_add: string[] = [],
  cap_drop: string[] = [],
  available = all,
) => capabilitiesOf({ security, cap_add, cap_drop }, available).map((name) => name.slice(4));

describe('capabilitiesOf', () => {
  const usual = [
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'SETGID',
    'SETUID',
    'SETPCAP',
    'NET_BIND_SERVICE',
    'SYS_CHROOT',
    'SETFCAP',
  ];

  it('has a default set, the same for an unconfined container, and one for a restricted one', () => {
    expect(given('default')).toEqual(usual);
    expect(given('unconfined')).toEqual(usual);
    expect(given('restricted')).toEqual(['NET_BIND_SERVICE']);
  });

  it('adds and drops by any spelling', () => {
    expect(given('default', ['net_admin'], ['CAP_KILL'])).toEqual([
      ...usual.filter((name) => name !== 'KILL').slice(0, 8),
      'NET_ADMIN',
      ...usual.slice(9),
    ]);
    expect(given('restricted', ['CAP_CHOWN'])).toEqual(['CHOWN', 'NET_BIND_SERVICE']);
  });

  it('accepts ALL, which a name overrides', () => {
    expect(given('default', [], ['ALL'])).toEqual([]);
    expect(given('default', ['CHOWN'], ['all'])).toEqual(['CHOWN']);
    expect(given('default', ['ALL'], ['SYS_ADMIN'])).toHaveLength(40);
  });

  it('grants no more than we have, and rejects one requested by name', () => {
    const available = new Set(['CAP_CHOWN', 'CAP_KILL']);
    expect(given('default', ['ALL'], [], available)).toEqual(['CHOWN', 'KILL']);
    expect(() => given('default', ['SYS_RESOURCE'], [], available)).toThrow(
      'cannot add capability CAP_SYS_RESOURCE',
    );
    expect(() => given('default', ['SYS_NOTHING'])).toThrow('cannot use capability SYS_NOTHING');
  });

  it('reads masks by the numbers of linux/capability.h', () => {
    expect([...capabilitiesIn('0000000000200001')]).toEqual(['CAP_CHOWN', 'CAP_SYS_ADMIN']);
    expect(capabilitiesIn('000001fffeffffff').has('CAP_SYS_RESOURCE')).toBe(false);
    expect(all.size).toBe(41);
  });
});
