/** How every story must end, once the faults are over and time has passed. */
import { nameOf, ownerNameOf } from '#core/dns.ts';
import type { Environment } from '#core/environment.ts';
import { assess } from '#core/health.ts';
import { releaseTag, repositoryOf } from '#core/image.ts';
import { isOfCluster } from '#core/incident.ts';
import { addSeconds, Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import { must } from './broken.ts';
import type { Cloud } from './cloud.ts';
import type { People } from './people.ts';

/** The longest that a truth may go unnoticed: reconcile's minute, beside the product's own patience. */
const verdictSeconds = 600 + 120;
const recheckSeconds = 3600 + 120;

/** @param refused what was asked for and never granted. */
export async function checkEnding(
  cloud: Cloud,
  people: People,
  refused: readonly EnvironmentKey[],
): Promise<void> {
  const { store, timeline, deliveries } = cloud;
  // What was written last may be on its way still.
  const pending = await store.pending(addSeconds(timeline.now(), -120), 1000);
  must(
    pending.length === 0,
    `${pending.length} entries of the outbox were never sent, first ${pending[0]?.id}`,
  );
  for (const { stage, reason, body } of deliveries.dead) {
    const isKnown =
      reason !== undefined && /is not JSON|is not valid|no stage takes|exists and is not ours/.test(reason);
    must(isKnown, `the DLQ of ${stage} holds what could work (${reason ?? 'five attempts'}): ${body}`);
  }
  checkPager(cloud);
  await checkRecords(cloud, people.config.dns.zone);
  for (const key of [...people.keys, ...people.heirs]) {
    const environment = await store.read(key);
    if (environment) cloud.oracle.times.mustBeSo(environment);
    if (environment && environment.life.state !== 'running' && environment.life.state !== 'stopped')
      await checkGone(cloud, people, environment);
    else if (environment) await checkEnvironment(cloud, people, environment);
    else await checkNothing(cloud, people, key);
  }
  for (const key of refused) await checkNothing(cloud, people, key);
  cloud.oracle.handed.mustBeAtRest();
  const last = cloud.oracle.environments.flatMap((id) => cloud.oracle.notesOf(id).last ?? []);
  for (const [name, { snapshotContents }] of cloud.clusters)
    cloud.oracle.kept.mustBeSo(name, snapshotContents, last, timeline.now());
}

async function checkEnvironment(cloud: Cloud, people: People, environment: Environment): Promise<void> {
  const id = environmentId(environment.key);
  const { phase } = environment.candidate;
  const resting = ['build-failed', 'blocked', 'awaiting-approval', 'promoted', 'refused'];
  must(resting.includes(phase), `${id} is still ${phase} since ${environment.candidate.since}`);
  must(
    environment.untold.length === 0,
    `${id}: people were not told of ${environment.untold[0]?.incident.id}`,
  );
  const { held } = cloud.store.ledgerNow(environment.key.team);
  must(environment.key.name in held, `${id} is there, and its team's quota is not held for it`);
  checkVerdict(cloud, people, environment);
  await checkRelease(cloud, environment);
  await checkIncidents(cloud, people, environment);
  await checkRepositories(cloud, environment);
}

/** Nothing is left of what was deleted but its history. */
async function checkGone(cloud: Cloud, people: People, environment: Environment): Promise<void> {
  const { key, life, untold } = environment;
  const id = environmentId(key);
  must(life.state === 'deleted', `${id} is still being deleted: ${JSON.stringify(life)}`);
  must(untold.length === 0, `${id} was deleted, and people were not told of ${untold[0]?.incident.id}`);
  await checkNothingLeft(cloud, people, key, 'was deleted');
}

/** @param why there is nothing that it could be of. */
async function checkNothingLeft(
  cloud: Cloud,
  people: People,
  key: EnvironmentKey,
  why: string,
): Promise<void> {
  const id = environmentId(key);
  for (const [name, cluster] of cloud.clusters) {
    const { objects } = await cluster.look(key);
    must(objects.length === 0, `${id} ${why}, and ${objects.length} objects are left in ${name}`);
  }
  const name = nameOf(key, people.config.dns.zone);
  const owners = await cloud.zone.records([ownerNameOf(name)]);
  must(owners.length === 0, `${id} ${why}, and ${name} is still ours`);
  const isConfigured = people.config.environments.some((entry) => environmentId(entry) === id);
  const left = cloud.registry.repositories().filter((repository) => repository.endsWith(`/${id}`));
  must(isConfigured || left.length === 0, `${id} ${why}, and ${left.join(', ')} is left`);
  const { held } = cloud.store.ledgerNow(key.team);
  must(!(key.name in held), `${id} ${why}, and its team's quota is held for it`);
}

/** What waits for a person is what the truth says, under the policy of now. */
function checkVerdict(cloud: Cloud, people: People, environment: Environment): void {
  const { candidate } = environment;
  const id = environmentId(environment.key);
  if (candidate.phase !== 'blocked' && candidate.phase !== 'awaiting-approval') return;
  const { digest } = candidate.image;
  if (cloud.oracle.secondsSinceTruthOf(`${id} ${digest}`) < verdictSeconds) return;
  const scan = cloud.oracle.scans.get(`${id} ${digest}`) ?? { status: 'missing' };
  const isGood = cloud.oracle.truth.isGood(scan, id, { config: people.config, skewSeconds: 0 });
  must(
    isGood === (candidate.phase === 'awaiting-approval'),
    `${id} is ${candidate.phase}, and its image is ${isGood ? 'good' : 'bad'}`,
  );
  if (candidate.phase === 'awaiting-approval') {
    const { version } = people.config.policy;
    must(
      candidate.basis.policyVersion === version,
      `${id} waits under policy ${candidate.basis.policyVersion}, not ${version}`,
    );
  }
}

async function checkRelease(cloud: Cloud, { key, cluster, release, dns }: Environment): Promise<void> {
  const id = environmentId(key);
  const health = assess(await cloud.clusterNamed(cluster).look(key));
  if (release.phase === 'none') {
    must(health.digest === undefined, `${id} runs ${health.digest}, and nothing is released`);
    return;
  }
  if (release.phase === 'stopped') return must(health.idle, `${id} is stopped, and has pods`);
  must(health.digest === release.digest, `${id} runs ${health.digest ?? 'nothing'}, not ${release.digest}`);
  const resting = health.ready ? ['ready'] : ['unready', 'held'];
  must(resting.includes(release.phase), `${id} is ${release.phase}: ready ${health.ready}`);
  for (const [name, other] of cloud.clusters) {
    if (name !== cluster)
      must((await other.look(key)).deployment === undefined, `${id} runs in ${name} as well`);
  }
  if (release.phase !== 'ready') return;
  must(
    dns?.target === release.address,
    `${id}: its name points at ${dns?.target ?? 'nothing'}, not ${release.address}`,
  );
  must(release.pointAt === undefined, `${id}: its name is still waited for`);
  const [record] = await cloud.zone.records([dns.name]);
  const target = record && ('alias' in record ? record.alias.target : record.values[0]);
  must(target === release.address, `${dns.name} is ${target}, not ${release.address}`);
}

/** Trouble is open while it goes on, and then alone. */
async function checkIncidents(cloud: Cloud, people: People, environment: Environment): Promise<void> {
  const { key, release, incidents } = environment;
  const id = environmentId(key);
  const isWell = release.phase === 'ready';
  for (const incident of incidents)
    must(!isOfCluster(incident) || !isWell, `${incident.id} is open, and ${id} is well`);
  if (release.phase === 'unready' || release.phase === 'held')
    must(incidents.some(isOfCluster), `${id} is down since ${release.since}, and nobody was told`);
  const vulnerable = incidents.find(({ kind }) => kind === 'vulnerable');
  const known = new Set(incidents.map((incident) => incident.id));
  for (const [incident, state] of cloud.oracle.notesOf(id).incidents)
    must(
      known.has(incident) === (state === 'open'),
      `${incident} was told to be ${state}, and is ${known.has(incident) ? '' : 'not '}there`,
    );
  if (release.phase === 'none' || release.phase === 'stopped') return;
  const scan = cloud.oracle.scans.get(`${id} ${release.digest}`);
  if (
    scan?.status !== 'complete' ||
    cloud.oracle.secondsSinceTruthOf(`${id} ${release.digest}`) < recheckSeconds
  )
    return;
  const hasFindings = !cloud.oracle.truth.isGood({ ...scan, watched: true }, id, {
    config: people.config,
    skewSeconds: 0,
  });
  if (hasFindings && cloud.oracle.truth.isFresh(scan, people.config))
    must(vulnerable !== undefined, `${id} runs what blocks, and nobody was told`);
  // Until its successor is Ready, the image that turned bad may run still.
  const isAnother = vulnerable?.digest !== release.digest && !isWell;
  if (!hasFindings)
    must(vulnerable === undefined || isAnother, `${vulnerable?.id} is open, and what runs is good`);
}

async function checkRepositories(cloud: Cloud, { key }: Environment): Promise<void> {
  const id = environmentId(key);
  const repository = repositoryOf('release', key);
  for (const digest of cloud.registry.digests(repository)) {
    must(
      cloud.oracle.notesOf(id).approved.has(digest),
      `${repository}@${digest} was released, and nobody approved it`,
    );
    const tagged = await cloud.registry.imageByTag(repository, releaseTag(Digest.parse(digest)));
    must(tagged?.digest === digest, `${repository}@${digest} has not its tag`);
  }
}

/** Nobody granted it, or nobody could write it: then nothing was made for it. */
async function checkNothing(cloud: Cloud, people: People, key: EnvironmentKey): Promise<void> {
  const id = environmentId(key);
  must(!cloud.oracle.environments.includes(id), `${id} is gone`);
  await checkNothingLeft(cloud, people, key, 'was never stored');
}

/** Every half of an incident was told, its opening first; a second time only the same words, for a function that crashed. */
function checkPager(cloud: Cloud): void {
  const firsts = new Map<string, number>();
  cloud.pager.notices.forEach(({ body }, i) => {
    const half = `${String(body['state'])} ${String(body['incident'])}`;
    if (!firsts.has(half)) firsts.set(half, i);
  });
  let halves = 0;
  for (const id of cloud.oracle.environments) {
    for (const [incident, state] of cloud.oracle.notesOf(id).incidents) {
      const [open, over] = [firsts.get(`open ${incident}`), firsts.get(`recovered ${incident}`)];
      must(open !== undefined, `people were never told of ${incident}`);
      must(
        (over !== undefined) === (state === 'recovered'),
        `people were ${over === undefined ? 'never' : 'wrongly'} told that ${incident} is over`,
      );
      must(
        over === undefined || open < over,
        `people were told that ${incident} is over before it was opened`,
      );
      halves += state === 'open' ? 1 : 2;
    }
  }
  must(firsts.size === halves, 'people were told of an incident that is none');
}

async function checkRecords(cloud: Cloud, zone: string): Promise<void> {
  const wanted = new Set<string>();
  for (const id of cloud.oracle.environments) {
    // A function may have crashed between the record and its note, and what runs may never be Ready again.
    const { key, release } = cloud.oracle.notesOf(id).last ?? {};
    if (key && release?.phase !== 'none') wanted.add(nameOf(key, zone));
  }
  for (const name of cloud.zone.names()) {
    const owned = name.replace(/^schwifty-owner\./, '');
    must(wanted.has(owned), `${name} is nobody's`);
  }
}
