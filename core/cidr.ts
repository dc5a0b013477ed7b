/** Blocks of IPv4 addresses: `10.0.0.0/8`, as their beginning and how many bits they have in common. */
import * as z from './zod.ts';

export type Block = readonly [network: number, bits: number];

export const block = (cidr: string): Block => {
  const [address = '', bits] = cidr.split('/');
  return [address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0), Number(bits)];
};
export const text = ([network, bits]: Block): string =>
  `${[24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.')}/${bits}`;

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';

/** Begins where it says: `10.1.2.3/8` is a slip more often than it means `10.0.0.0/8`, and Kubernetes warns of it. */
export const Cidr = z.string().check(
  z.regex(
    new RegExp(`^(?:${octet}\\.){3}${octet}/(?:3[0-2]|[12]?\\d)$`),
    'a block of IPv4 addresses, such as 203.0.113.0/24',
  ),
  z.refine((cidr) => isWhole(cidr), 'a block that begins where it says: 203.0.113.0/24, not 203.0.113.7/24'),
);

function isWhole(cidr: string): boolean {
  const [network, bits] = block(cidr);
  return network % 2 ** (32 - bits) === 0;
}
