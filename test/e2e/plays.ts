/**
 * Short ways of an environment on the local cloud, one for each event of core/flow.ts: each begins where the event is
 * about to be told and goes on until what the event is for has come about, by itself or by reconcile.
 */
import { existsSync, readFileSync } from 'node:fs';
import { CodeBuildClient, StopBuildCommand } from '@aws-sdk/client-codebuild';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { Table } from '#adapters/aws/table.ts';
import { buildNotStarted, request } from '#core/build.ts';
import { change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict } from '#core/errors.ts';
import { buildTag, repositoryOf } from '#core/image.ts';
import { type News, next } from '#core/machine.ts';
import { addSeconds, type EnvironmentKey, environmentId } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import type { Person } from '#local/demo/people.ts';
import { notices, until } from '#local/demo/world.ts';
import { mustChange } from '../contracts/samples.ts';
import { access, cloud, output } from './cloud.ts';
import { worked } from './job-play.ts';
import { debian, distribution, push } from './push.ts';

export const table = new Table(output('TableName'), new DynamoDBClient(access.sdk));
const ecr = new ECRClient(access.sdk);
/** Builds run one at a time, and each lost request for one is made good by reconcile first. */
const seconds = 1200;

const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? 'busybox';
/** Answers on the port of every environment. */
const serves = { ...debian, 'bin/busybox': readFileSync(busybox) };
const spec = Spec.parse({
  base: 'debian-12',
  command: ['/bin/busybox', 'httpd', '-f', '-p', '9000', '-h', '/tmp'],
  resources: { cpu: 0.05, memoryMiB: 32 },
});

export type Play = (key: EnvironmentKey, approver: Person) => Promise<void>;

/** As the API does it before it writes. */
export async function makeRepositories(key: EnvironmentKey): Promise<void> {
  for (const kind of ['candidate', 'cache', 'release'] as const)
    await ecr.send(new CreateRepositoryCommand({ repositoryName: repositoryOf(kind, key) }));
}

/** As the API writes it; `quietly` without the event, so that nothing is built. */
async function ask(key: EnvironmentKey, quietly = false): Promise<void> {
  const asked = mustChange(request({ key, cluster: 'main', requester: 'alice', spec }, now()));
  await table.write(quietly ? { ...asked, events: [] } : asked);
}

const now = () => new Date().toISOString();

async function stored(key: EnvironmentKey): Promise<Environment> {
  const environment = await table.read(key);
  if (!environment) throw new Error(`${environmentId(key)} is not stored`);
  return environment;
}

/** Waits until the environment is as `found` wants it. */
function come<T>(
  key: EnvironmentKey,
  what: string,
  found: (environment: Environment) => T | undefined,
): Promise<T> {
  let last = 'nothing was read';
  const look = async () => {
    const environment = await stored(key);
    last = JSON.stringify({ candidate: environment.candidate, release: environment.release });
    return found(environment);
  };
  return until(`${environmentId(key)}: ${what}`, seconds, look, () => last);
}

const awaiting = (key: EnvironmentKey) =>
  come(key, 'an image that waits for approval', ({ candidate }) =>
    candidate.phase === 'awaiting-approval' ? candidate.image.digest : undefined,
  );

const pushed = (key: EnvironmentKey, files: Parameters<typeof push>[2] = serves, tag = 'by-hand') =>
  push(
    repositoryOf('candidate', key),
    tag,
    { ...files, 'etc/environment': environmentId(key) },
    spec.command,
  );

const built: Play = async (key) => {
  await ask(key);
  await awaiting(key);
};

const scanned: Play = async (key) => {
  await ask(key, true);
  await pushed(key);
  await awaiting(key);
};

const remedied: Play = async (key) => {
  await ask(key, true);
  await pushed(key, { ...debian, ...distribution('Werkzeug', '2.2.2') }, buildTag(1));
  await awaiting(key);
  if ((await stored(key)).builds !== 2) throw new Error(`${environmentId(key)} was not rebuilt once`);
};

/** Reads, decides as the API does, writes: again where a stage wrote in between. */
async function decide(key: EnvironmentKey, news: News): Promise<void> {
  try {
    await table.write(mustChange(next(await stored(key), news, now())));
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await decide(key, news);
  }
}

const rebuilt: Play = async (key, approver) => {
  await scanned(key, approver);
  const person = { name: 'alice', groups: [] };
  await decide(key, { kind: 'changed', spec: { ...spec, command: [...(spec.command ?? []), '-v'] }, person });
  const isOfIt = ({ candidate, builds }: Environment) =>
    candidate.phase === 'awaiting-approval' && candidate.image.tags.includes(buildTag(builds));
  await come(key, 'the image of its change', (environment) => isOfIt(environment) || undefined);
};

const gone: Play = async (key, approver) => {
  await named(key, approver);
  await decide(key, { kind: 'deletion-asked', person: { name: 'alice', groups: [] } });
  await come(key, 'its end', ({ life }) => life.state === 'deleted' || undefined);
};

const aborted: Play = async (key) => {
  await ask(key);
  const id = await come(key, 'a build', ({ candidate }) =>
    candidate.phase === 'building' ? candidate.build.id : undefined,
  );
  await new CodeBuildClient(access.sdk).send(new StopBuildCommand({ id }));
  await come(key, 'the end of the build', ({ candidate }) =>
    candidate.phase === 'build-failed' && candidate.reason.includes('STOPPED') ? true : undefined,
  );
};

const promoted: Play = async (key, approver) => {
  await scanned(key, approver);
  await approver.client.approve(environmentId(key), await awaiting(key));
  await come(key, 'its promotion', ({ candidate }) => candidate.phase === 'promoted' || undefined);
};

/** Built and released, changed, and changed back. */
const taken: Play = async (key, approver) => {
  await ask(key);
  await approver.client.approve(environmentId(key), await awaiting(key));
  await come(key, 'its promotion', ({ candidate }) => candidate.phase === 'promoted' || undefined);
  const person = { name: 'alice', groups: [] };
  await decide(key, { kind: 'changed', spec: { ...spec, command: [...(spec.command ?? []), '-v'] }, person });
  await decide(key, { kind: 'changed', spec, person });
  const isAgain = ({ candidate }: Environment) =>
    candidate.phase === 'promoted' && candidate.image.takenAt !== undefined;
  await come(key, 'its promotion without a build', (environment) => isAgain(environment) || undefined);
};

const ready: Play = async (key, approver) => {
  await promoted(key, approver);
  await come(key, 'Ready pods', ({ release }) => release.phase === 'ready' || undefined);
};

const named: Play = async (key, approver) => {
  await ready(key, approver);
  await come(
    key,
    'a name',
    ({ dns, release }) => (release.phase === 'ready' && dns?.target === release.address) || undefined,
  );
};

const halted: Play = async (key, approver) => {
  await ready(key, approver);
  await decide(key, { kind: 'stop-asked', person: { name: 'alice', groups: [] } });
  await come(key, 'the end of its pods', ({ release }) => release.phase === 'stopped' || undefined);
};

/** What the deployer would write of an incident and of its end: how it comes to see them, other tests show. */
const paged: Play = async (key) => {
  await ask(key, true);
  await table.write(mustChange(buildNotStarted(await stored(key), 'nothing is built for it', now())));
  const at = now();
  const id = `${environmentId(key)}/down/${at}`;
  const incident = { id, kind: 'down' as const, openedAt: at, lastSeenAt: at, summary: 'It is not Ready.' };
  const write = async (type: 'IncidentOpened' | 'IncidentRecovered') => {
    const told = { at: addSeconds(at, 1), actor: 'deploy', what: type, events: [{ type, incident }] };
    await table.write(change(await stored(key), {}, told));
  };
  await write('IncidentOpened');
  await write('IncidentRecovered');
  await until(`${environmentId(key)}: the pager to hear of both`, seconds, async () => {
    const states = (await notices(cloud, environmentId(key))).map(({ state }) => state);
    return states.includes('open') && states.includes('recovered') ? true : undefined;
  });
};

/** By event, and the stage that hears of it. `ECR Image Scan` is told by basic scanning alone: its environment is pushed under that. */
export const plays: Readonly<Record<string, Play>> = {
  'EnvironmentRequested → build': built,
  'EnvironmentChanged → build': rebuilt,
  'RemediationRequested → build': remedied,
  'CodeBuild Build State Change → build': aborted,
  'ECR Image Action → gate': scanned,
  'ECR Image Scan → gate': scanned,
  'Inspector2 Scan → gate': scanned,
  'ImageApproved → promote': promoted,
  'ImageTaken → promote': taken,
  'ImagePromoted → deploy': ready,
  'EnvironmentChanged → deploy': halted,
  'EnvironmentDeleted → deploy': gone,
  'EnvironmentReady → dns': named,
  'EnvironmentDeleted → dns': gone,
  'EnvironmentDeleted → remove': gone,
  'JobSlotsSeen → jobs': worked,
  'JobSlotsWanted → job-slots': worked,
  'IncidentOpened → pager': paged,
  'IncidentRecovered → pager': paged,
};
