/**
 * Who reaches an environment: which network its load balancer is in, and from where. The cluster says the widest, its spec may say
 * less, and its team how wide a range may be.
 */
import { block } from './cidr.ts';

export const schemes = ['internal', 'internet-facing'] as const;
export type Scheme = (typeof schemes)[number];

interface Access {
  readonly scheme?: Scheme | undefined;
  readonly sourceRanges?: readonly string[] | undefined;
}
interface Place {
  readonly name: string;
  readonly loadBalancerScheme: Scheme;
}

/** Never wider than the cluster's, which may have become narrower since. */
export const schemeOf = (
  { scheme }: Access,
  { loadBalancerScheme }: Pick<Place, 'loadBalancerScheme'>,
): Scheme => (loadBalancerScheme === 'internal' ? loadBalancerScheme : (scheme ?? loadBalancerScheme));

/** @returns what is wrong with what is asked for, by its field. @param widest the fewest bits that a range may have. */
export function whyNotExposed(
  access: Access,
  cluster: Place,
  widest: number,
): { readonly path: string; readonly message: string }[] {
  const { scheme, sourceRanges } = access;
  const { name, loadBalancerScheme } = cluster;
  const beyond = scheme === 'internet-facing' && loadBalancerScheme === 'internal';
  const open = schemeOf(access, cluster) === 'internet-facing' && sourceRanges === undefined;
  const wide = (sourceRanges ?? []).flatMap((range, i) =>
    block(range)[1] < widest
      ? [{ path: `spec.access.sourceRanges.${i}`, message: tooWide(range, widest) }]
      : [],
  );
  return [
    ...(beyond ? [{ path: 'spec.access.scheme', message: isInternal(name) }] : []),
    ...(open ? [{ path: 'spec.access.sourceRanges', message: openSays(name, widest) }] : []),
    ...wide,
  ];
}

const isInternal = (cluster: string): string =>
  `cluster ${cluster} is reached from its own network alone: leave it out, or say internal`;

const openSays = (cluster: string, widest: number): string =>
  `cluster ${cluster} is reached from the internet: say from where, as ["203.0.113.0/24"]` +
  (widest === 0 ? '; ["0.0.0.0/0"] is everybody' : `; your team allows no range wider than /${widest}`);

const tooWide = (range: string, widest: number): string =>
  `${range} is wider than your team allows: /${widest} at the widest`;
