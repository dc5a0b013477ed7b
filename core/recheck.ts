/**
 * What runs is judged on: a finding that its scan shows later opens an incident, and what runs goes on. The incident is
 * over when the image passes again, or when another one is Ready (release.ts).
 */
import { change, type Decision, unchanged } from './decision.ts';
import type { Environment, Release } from './environment.ts';
import { shortDigest } from './image.ts';
import { type Incident, incidentIdOf } from './incident.ts';
import { addSeconds, type Digest, type Instant } from './names.ts';
import { explain, hasFindings, type Verdict } from './verdict.ts';

/** How often what runs is judged again, whatever events come. */
export const recheckSeconds = 3600;

/** The digest whose recheck is due, if one is. */
export const digestToRecheck = ({ release, recheckAt }: Environment, now: Instant): Digest | undefined =>
  runs(release) && recheckAt !== undefined && recheckAt <= now ? release.digest : undefined;

/** Something runs, or is about to. */
const runs = (release: Release): release is Exclude<Release, { phase: 'none' | 'stopping' | 'stopped' }> =>
  release.phase !== 'none' && release.phase !== 'stopping' && release.phase !== 'stopped';

/** The gate's verdict on the digest that runs, or is about to. */
export function rechecked(
  environment: Environment,
  digest: Digest,
  verdict: Verdict,
  now: Instant,
): Decision {
  const { release, recheckAt } = environment;
  if (!runs(release) || release.digest !== digest) return unchanged('it does not run');
  const known = environment.incidents.find(({ kind }) => kind === 'vulnerable');
  const others = environment.incidents.filter((incident) => incident !== known);
  const next = { recheckAt: addSeconds(now, recheckSeconds) };
  if (hasFindings(verdict) && known?.digest !== digest) {
    const incident = incidentOf(environment, known, verdict, now);
    const events = known ? [] : [{ type: 'IncidentOpened' as const, incident, story: incident.id }];
    const what = `${shortDigest(digest)} runs and is blocked by ${verdict.blocking}`;
    const parts = { ...next, incidents: [...others, incident] };
    return change(environment, parts, { at: now, actor: 'gate', what, events, story: incident.id });
  }
  if (verdict.result === 'pass' && known?.digest === digest) {
    const events = [{ type: 'IncidentRecovered' as const, incident: known, story: known.id }];
    const what = `${shortDigest(digest)} runs and passes again`;
    const told = { at: now, actor: 'gate', what, events, story: known.id };
    return change(environment, { ...next, incidents: others }, told);
  }
  if (recheckAt !== undefined && recheckAt > now) return unchanged('the verdict on what runs is the same');
  return change(environment, next, { at: now, actor: 'gate' });
}

/** A waiver that its team has turned: what was judged with it or for want of it is judged again at once, not when it is due. */
export function waiversTurned(environment: Environment, now: Instant): Decision {
  const { candidate, release, recheckAt } = environment;
  const isJudged = candidate.phase === 'blocked' || candidate.phase === 'awaiting-approval';
  const parts = {
    ...(isJudged && candidate.lookAt > now && { candidate: { ...candidate, lookAt: now } }),
    ...(runs(release) && recheckAt !== undefined && recheckAt > now && { recheckAt: now }),
  };
  if (Object.keys(parts).length === 0) return unchanged('nothing of it hangs upon a waiver');
  return change(environment, parts, { at: now, actor: 'api' });
}

/** One incident, whichever images it is about in turn. */
function incidentOf(
  environment: Environment,
  known: Incident | undefined,
  verdict: Verdict,
  now: Instant,
): Incident {
  const { digest, blocking } = verdict;
  const [first] = verdict.reasons;
  const why = first ? explain(first, verdict.policyVersion) : verdict.result;
  return {
    id: known?.id ?? incidentIdOf(environment, 'vulnerable'),
    kind: 'vulnerable',
    openedAt: known?.openedAt ?? now,
    lastSeenAt: now,
    summary:
      `${shortDigest(digest)} runs and would not be promoted now: blocked by ${blocking}, first ${why}. ` +
      'It goes on running. Approve its successor, or waive what can wait.',
    digest,
  };
}
