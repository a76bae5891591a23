import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastOf,
  capacity,
  contains,
  formatIp,
  formatSubnet,
  nthAddress,
  overlap,
  parseCidr,
  parseIp,
  parseSubnet,
} from '../../src/model/ipv4.js';

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const subnet = fc
  .tuple(address, fc.integer({ min: 0, max: 32 }))
  .map(([ip, prefix]) => parseCidr(`${formatIp(ip)}/${prefix}`)?.subnet)
  .filter((each) => each !== undefined);

describe('addresses', () => {
  it('survive formatting and parsing', () => {
    fc.assert(fc.property(address, (ip) => parseIp(formatIp(ip)) === ip));
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.0.1',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1 ',
    '0x0a.0.0.1',
    '::1',
  ])('are not %j', (text) => expect(parseIp(text)).toBeUndefined());
});

describe('subnets', () => {
  it('survive formatting and parsing', () => {
    fc.assert(
      fc.property(subnet, (each) => {
        expect(parseSubnet(formatSubnet(each))).toEqual(each);
      }),
    );
  });

  it('have no host bits', () => {
    expect(parseSubnet('10.77.1.1/24')).toBeUndefined();
    expect(parseCidr('10.77.1.1/24')).toEqual({
      address: parseIp('10.77.1.1'),
      subnet: { network: parseIp('10.77.1.0'), prefix: 24 },
    });
  });

  it.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/-1', '/24'])(
    'are not %j',
    (text) => expect(parseCidr(text)).toBeUndefined(),
  );

  it('contain the addresses from network to broadcast', () => {
    fc.assert(
      fc.property(subnet, address, (each, ip) => {
        const written = parseCidr(`${formatIp(ip)}/${each.prefix}`);
        expect(contains(each, ip)).toBe(written?.subnet.network === each.network);
      }),
    );
  });

  it('overlap if one contains the other', () => {
    const [wide, inside, beside] = ['10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/8'].map((text) => {
      const parsed = parseSubnet(text);
      if (!parsed) throw new Error(text);
      return parsed;
    });
    if (!wide || !inside || !beside) throw new Error('three subnets');
    expect(overlap(wide, inside)).toBe(true);
    expect(overlap(inside, wide)).toBe(true);
    expect(overlap(wide, beside)).toBe(false);
  });

  it('count from the network to below the broadcast address', () => {
    const small = { network: parseIp('10.0.0.4') ?? 0, prefix: 30 };
    expect([0, 1, 2, 3, -1].map((n) => nthAddress(small, n))).toEqual([
      small.network,
      small.network + 1,
      small.network + 2,
      undefined,
      undefined,
    ]);
    expect(formatIp(broadcastOf(small))).toBe('10.0.0.7');
    expect(capacity(small)).toBe(2);
  });
});
