/** Standing jobs of a team that follow each other: which, how far, and that none follows itself. */
import type { LiveStanding, StandingSpec } from './standing.ts';

/** Jobs behind the first of a chain. Two changes at once may make a circle that neither of them sees: it ends here. */
export const mostDepth = 8;

type One = Pick<LiveStanding, 'name' | 'spec'>;

const followed = ({ when }: StandingSpec): string | undefined =>
  when.kind === 'after' ? when.job : undefined;

export const followersOf = <S extends One>(name: string, all: readonly S[]): S[] =>
  all.filter(({ spec }) => followed(spec) === name);

/** Why it can't follow whom it says; undefined where it can. @param all of its team, itself or not. */
export function whyNotAfter({ name, spec }: One, all: readonly One[]): string | undefined {
  const others = all.filter((one) => one.name !== name);
  const first = followed(spec);
  if (first === undefined) return undefined;
  if (first === name) return 'it would follow itself';
  if (!others.some((one) => one.name === first)) return `the team has no standing job ${first}`;
  const before: string[] = [name];
  for (let at: string | undefined = first; at !== undefined; ) {
    if (before.includes(at)) return `it would follow itself: ${[...before, at].toReversed().join(' → ')}`;
    before.push(at);
    const next = others.find((one) => one.name === at);
    at = next && followed(next.spec);
  }
  const length = before.length - 1 + behind(name, others);
  return length > mostDepth ? `a chain of ${length + 1} jobs: ${mostDepth + 1} at most` : undefined;
}

/** How long the longest chain behind it is. */
function behind(name: string, all: readonly One[], seen: readonly string[] = []): number {
  if (seen.includes(name)) return 0;
  const next = followersOf(name, all).map((one) => 1 + behind(one.name, all, [...seen, name]));
  return Math.max(0, ...next);
}
