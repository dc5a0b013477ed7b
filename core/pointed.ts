/** What becomes of an environment's name: it points at the load balancer, or is somebody else's. */
import { change, type Decision, unchanged } from './decision.ts';
import type { Environment } from './environment.ts';
import { addSeconds, type Instant } from './names.ts';

/** How soon again where the name is somebody else's. */
const foreignSeconds = 600;

/** The environment's name points at its load balancer. */
export function pointed(
  environment: Environment,
  dns: { name: string; target: string },
  now: Instant,
): Decision {
  const { release, dns: known } = environment;
  if (release.phase === 'none') return unchanged('nothing is released yet');
  const { pointAt, ...rest } = release.phase === 'ready' ? release : { ...release, pointAt: undefined };
  const isWaited = pointAt !== undefined && rest.phase === 'ready' && rest.address === dns.target;
  const isKnown = known?.name === dns.name && known.target === dns.target;
  if (isKnown && !isWaited) return unchanged('the name points there already');
  const what = isKnown ? undefined : `${dns.name} points at ${dns.target}`;
  return change(
    environment,
    { dns, ...(isWaited ? { release: rest } : {}) },
    { at: now, actor: 'dns', what, story: environment.stories?.release },
  );
}

/** The name is somebody else's: looked at again, for a person may have given it up. */
export function notPointed(environment: Environment, reason: string, now: Instant): Decision {
  const { release } = environment;
  if (release.phase !== 'ready' || release.pointAt === undefined || release.pointAt > now)
    return unchanged(reason);
  const later = { ...release, pointAt: addSeconds(now, foreignSeconds) };
  return change(environment, { release: later }, { at: now, actor: 'dns' });
}
