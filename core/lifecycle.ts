/**
 * What people do with an environment that exists: change it, have it built anew, stop, start and delete it. Deleting is
 * taking away one part after the other; each is told to be gone by the stage that made it.
 */
import { building } from './build.ts';
import { change, type Decision, type EventBody, type Refusal, refuse, unchanged } from './decision.ts';
import type { Environment, Life, Part } from './environment.ts';
import { unreachable } from './errors.ts';
import { isOfEnd } from './incident.ts';
import { staysBehind } from './keeping.ts';
import { addSeconds, type EnvironmentKey, environmentId, type Instant, secondsBetween } from './names.ts';
import { beginning, halting } from './release.ts';
import type { Person } from './roles.ts';
import { isSame } from './same.ts';
import { imagePartOf, runPartOf, type Spec, timePartOf } from './spec.ts';
import { endsOf, timesOf } from './times.ts';
import { whyNotAnother } from './volume.ts';
import { objectionToRunning, type Today } from './way-back.ts';

/** How soon a stage looks if its event is lost. */
const patienceSeconds = 60;
/** How soon to look again at a part that is still going away. */
const goingSeconds = 10;
/** Longer than any call that began before the deletion may last: what it makes anew is found after that. */
const sweepSeconds = 120;
const parts: readonly Part[] = ['cluster', 'name', 'repositories'];

/** Undefined where people may do something with it. */
export function whyNobodyMay({ key, life }: Environment): Refusal | undefined {
  switch (life.state) {
    case 'running':
    case 'stopped':
      return undefined;
    case 'deleting':
    case 'deleted':
      return refuse(
        409,
        'It is being deleted',
        `${life.by} deleted ${environmentId(key)} at ${life.since}. Its name is free again some minutes after that.`,
      );
    default:
      return unreachable(life);
  }
}

/** What goes into the image is built; what only the cluster is told is applied at once, to the image that runs. */
export function changed(environment: Environment, spec: Spec, person: Person, now: Instant): Decision {
  const { spec: before, life, release, leaving } = environment;
  if (leaving) return refuse(409, 'It is to go', whyItStaysAsItIs(environment.key, leaving.to));
  const objection = whyNotAnother(before.volume, spec.volume);
  if (objection !== undefined) return refuse(409, 'Its volume stays', objection);
  const image = !isSame(imagePartOf(before), imagePartOf(spec));
  const run = !isSame(runPartOf(before), runPartOf(spec));
  const time = !isSame(timePartOf(before), timePartOf(spec));
  if (!image && !run && !time) return unchanged('it is what was asked for before');
  const { rest, times, events } = timed(environment, spec, now);
  const number = environment.builds + 1;
  const applies = run && release.phase !== 'none' && life.state === 'running';
  const what = [
    ...(image ? [`asked for another image (build ${number})`] : []),
    ...(run ? [`asked for ${differencesOf(runPartOf(before), runPartOf(spec))}`] : []),
    ...(time ? [`asked for ${differencesOf(timePartOf(before), timePartOf(spec))}`] : []),
  ].join(', and ');
  return change(
    rest,
    {
      spec,
      ...times,
      ...(image
        ? { ...building(environment, { number, fixes: [], mayTake: true }, now), remediation: fresh }
        : {}),
      ...(applies ? { release: beginning(release, release, now, patienceSeconds) } : {}),
    },
    {
      at: now,
      actor: person.name,
      what,
      events: [{ type: 'EnvironmentChanged', ...(image ? { build: number } : {}) }, ...events],
    },
  );
}

/** What another team looked at is what it gets. */
const whyItStaysAsItIs = (key: EnvironmentKey, to: string): string =>
  `${environmentId(key)} is offered to team ${to}: withdraw that first.`;

/** What is asked of time is counted from now on, and only that. */
function timed(environment: Environment, spec: Spec, now: Instant) {
  const { expiry, hours, ...rest } = environment;
  const { spec: before, incidents } = environment;
  const next = timesOf(spec, now);
  const [sameEnd, sameHours] = [before.ttl === spec.ttl, isSame(before.workingHours, spec.workingHours)];
  const end = sameEnd ? expiry : next.expiry;
  const turns = sameHours ? hours : next.hours;
  const times = {
    ...(end === undefined ? {} : { expiry: end }),
    ...(turns === undefined ? {} : { hours: turns }),
    ...(sameEnd ? {} : { incidents: incidents.filter((incident) => !isOfEnd(incident)) }),
  };
  return { rest, times, events: sameEnd ? [] : endsOf(incidents) };
}

const fresh = { attempts: 0, fixes: [] };

function differencesOf(before: object, after: object): string {
  const names = Object.keys(after).filter(
    (name) => !isSame(Reflect.get(before, name), Reflect.get(after, name)),
  );
  return names.map((name) => `${name} ${JSON.stringify(Reflect.get(after, name) ?? 'none')}`).join(', ');
}

/** The same spec once more: what a build of today finds may be newer. */
export function rebuildAsked(
  environment: Environment,
  person: Person,
  useCache: boolean,
  now: Instant,
): Decision {
  const number = environment.builds + 1;
  const { fixes } = environment.remediation;
  const build = { number, fixes, ...(useCache ? {} : { withoutCache: true }) };
  return change(
    environment,
    { ...building(environment, build, now), remediation: { attempts: 0, fixes } },
    {
      at: now,
      actor: person.name,
      what: `asked for build ${number}${useCache ? '' : ', without the cache'}`,
      events: [{ type: 'EnvironmentChanged', build: number }],
    },
  );
}

/** Its pods end; its name, its address and its images stay. */
export function stopAsked(environment: Environment, person: Person, now: Instant): Decision {
  const { life, release } = environment;
  if (life.state === 'stopped') return unchanged('it is stopped already');
  const { recheckAt: _, ...rest } = environment;
  const halted = release.phase === 'none' ? release : halting(release, now, patienceSeconds);
  return change(
    rest,
    { life: { state: 'stopped', since: now }, release: halted },
    { at: now, actor: person.name, what: 'stopped it', events: [{ type: 'EnvironmentChanged' }] },
  );
}

/** What it ran is rolled out again, where that may still run. */
export function startAsked(
  environment: Environment,
  person: Person,
  today: Omit<Today, 'now'>,
  now: Instant,
): Decision {
  const { life, release, leaving } = environment;
  if (life.state === 'running') return unchanged('it is not stopped');
  if (leaving?.state === 'moving') {
    const detail = `Its volume goes to team ${leaving.to}, and is to stay as it is: withdraw the transfer first.`;
    return refuse(409, 'It is going', detail);
  }
  const objection = release.phase === 'none' ? undefined : objectionToRunning(release, { ...today, now });
  if (objection !== undefined) {
    const detail = `What it ran may not be started: ${objection}. Have it built and approved anew, then start it.`;
    return refuse(409, 'Its approval is void', detail);
  }
  const runs =
    release.phase === 'none'
      ? {}
      : {
          release: beginning(release, release, now, patienceSeconds),
          // Nobody judged it while it was stopped.
          recheckAt: now,
        };
  return change(
    environment,
    { life: { state: 'running' }, ...runs },
    { at: now, actor: person.name, what: 'started it', events: [{ type: 'EnvironmentChanged' }] },
  );
}

/** Its stages are told to take away what they made. Whatever troubled it is over. */
export function deletionAsked(environment: Environment, person: Person, now: Instant): Decision {
  const { recheckAt: _, leaving: __, ...rest } = environment;
  const over = environment.incidents.map((incident) => ({
    type: 'IncidentRecovered' as const,
    incident,
    story: incident.id,
  }));
  const events: EventBody[] = [{ type: 'EnvironmentDeleted' }, ...over];
  const lookAt = addSeconds(now, patienceSeconds);
  const life: Life = {
    state: 'deleting',
    since: now,
    by: person.name,
    left: [...parts],
    swept: false,
    lookAt,
  };
  return change(
    rest,
    { life, release: { phase: 'none' }, incidents: [] },
    { at: now, actor: person.name, what: 'deleted it', events },
  );
}

/** A stage looked for its part. @param kept what it leaves on purpose, and why. @param told what it waits for, or is about to do. */
export function partSeen(
  environment: Environment,
  part: Part,
  { gone, kept, told: says }: PartNews,
  now: Instant,
): Decision {
  const { life } = environment;
  if (life.state !== 'deleting' || !life.left.includes(part)) return unchanged('it is not to be taken away');
  // What was seen before that may be made anew by a call that lasts.
  if (life.swept && life.lookAt > now) return unchanged('it is looked for once more later');
  if (!gone && says !== undefined && says !== life.told) {
    const saying: Life = { ...life, told: says, lookAt: addSeconds(now, goingSeconds) };
    return change(environment, { life: saying }, { at: now, actor: 'delete', what: says });
  }
  if (!gone) {
    if (life.lookAt > now) return unchanged('it is going away, and is looked at again');
    const later: Life = { ...life, lookAt: addSeconds(now, goingSeconds) };
    return change(environment, { life: later }, { at: now, actor: 'delete' });
  }
  const left = life.left.filter((other) => other !== part);
  const told = life.swept ? undefined : `its ${words[part]} ${kept ?? 'is gone'}`;
  const next = left.length > 0 ? { ...life, left } : afterAll(life, now);
  const what = [told, next.state === 'deleted' ? `all of it is gone; ${staysBehind}` : undefined]
    .filter(Boolean)
    .join('; ');
  const spec = next.state === 'deleted' ? { spec: { ...environment.spec, files: {} } } : {};
  const { dns, ...rest } = environment;
  const known = part === 'name' || dns === undefined ? rest : { ...rest, dns };
  return change(known, { life: next, ...spec }, { at: now, actor: 'delete', what: what || undefined });
}

export interface PartNews {
  readonly gone: boolean;
  readonly kept?: string | undefined;
  readonly told?: string | undefined;
}

const words: Readonly<Record<Part, string>> = {
  cluster: 'namespace',
  name: 'name',
  repositories: 'images',
};

function afterAll(life: Extract<Life, { state: 'deleting' }>, now: Instant): Life {
  const { since, by, swept } = life;
  if (swept) return { state: 'deleted', since, by };
  const soonest = addSeconds(now, goingSeconds);
  const late = addSeconds(since, sweepSeconds);
  const lookAt = secondsBetween(soonest, late) > 0 ? late : soonest;
  return { state: 'deleting', since, by, left: [...parts], swept: true, lookAt };
}
