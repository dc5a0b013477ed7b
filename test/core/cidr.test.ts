/** Which texts are a block of addresses, held against Node's own reading of them. */
import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, Cidr, text } from '#core/cidr.ts';

describe('a block of addresses', () => {
  it.each(['0.0.0.0/0', '10.0.0.0/8', '203.0.113.0/24', '203.0.113.7/32', '128.0.0.0/1'])(
    '%s is one',
    (cidr) => {
      expect(Cidr.parse(cidr)).toBe(cidr);
    },
  );
  it.each([
    ['203.0.113.7/24', 'a block that begins where it says: 203.0.113.0/24, not 203.0.113.7/24'],
    ['10.0.0.0', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['10.0.0.0/33', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['10.0.0.0/08', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['010.0.0.0/8', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['256.0.0.0/8', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['10.0.0/8', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['::/0', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['10.0.0.0/8\n', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
    ['everybody', 'a block of IPv4 addresses, such as 203.0.113.0/24'],
  ])('%j is none', (cidr, says) => {
    expect(Cidr.safeParse(cidr).error?.issues[0]?.message).toBe(says);
  });

  it('is let through just where it begins where it says', () => {
    const octet = fc.constantFrom(0, 1, 127, 128, 192, 255);
    const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
    fc.assert(
      fc.property(address, fc.nat(32), (network, bits) => {
        const cidr = `${network}/${bits}`;
        expect(isIPv4(network)).toBe(true);
        const list = new BlockList();
        list.addSubnet(network, bits, 'ipv4');
        // The address before it is in the same block where it does not begin there.
        const [number] = block(cidr);
        const before = text([number - 1, 32]).split('/')[0] ?? '';
        const begins = number === 0 || !list.check(before, 'ipv4');
        expect(Cidr.safeParse(cidr).success).toBe(begins);
        if (begins) expect(text(block(cidr))).toBe(cidr);
      }),
      { numRuns: 2000 },
    );
  });
});
