/** How every data job must end, once the faults are over and time has passed. */
import { crc32 } from 'node:zlib';
import { parseJson } from '#core/errors.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import { DatasetObject } from '#core/jobs/dataset.ts';
import type { Job } from '#core/jobs/job.ts';
import { filesOf, ManifestLine, manifestLine } from '#core/jobs/job-files.ts';
import { emptyTally, plus, progressOf, tallyOf } from '#core/jobs/tally.ts';
import { verify } from '#core/jobs/verify.ts';
import { addSeconds } from '#core/names.ts';
import { isSame } from '#core/same.ts';
import * as z from '#core/zod.ts';
import { must } from '../broken.ts';
import { memberOf, pathOf } from './asking.ts';
import { sortedLines } from './command.ts';
import { checkStanding, isQuiet } from './standing/ending.ts';
import type { JobsWorld } from './world.ts';

const restSeconds = 300;

/** Each has ended, or is paused, for a while, and nothing waits for one. */
export function areQuiet(world: JobsWorld): boolean {
  const { oracle, cloud } = world;
  if (!isQuiet(world)) return false;
  const before = addSeconds(cloud.timeline.now(), -restSeconds);
  return oracle.jobs.every((job) => {
    if (job.phase === 'ended') return job.since < before && job.lookAt === undefined;
    const { wanted, restsSince } = oracle.notesOf(job.name);
    return 'paused' in job && job.paused && (wanted === undefined || (restsSince ?? before) < before);
  });
}

export const endOfJob = (job: Job): string =>
  job.phase === 'ended'
    ? `job ${job.outcome}`
    : `job ${'paused' in job && job.paused ? 'paused' : job.phase}`;

export async function checkJobs(world: JobsWorld): Promise<void> {
  for (const { team, name } of world.oracle.jobs) {
    const job = await world.jobs.read({ team, name });
    must(job !== undefined, `job ${name} is gone`);
    await checkJob(world, job);
  }
  await checkStanding(world);
}

async function checkJob(world: JobsWorld, job: Job): Promise<void> {
  const { name } = job;
  const { living } = world.kubelet;
  const states: ChunkState[] = [];
  for await (const state of world.chunks.list(name)) states.push(state);
  const tally = states.map(tallyOf).reduce(plus, emptyTally);
  must(isSame(await world.chunks.tally(name), tally), `${name}: its sums are not those of its chunks`);
  if ('paused' in job && job.paused) return must(living(name) === 0, `${name} is paused, and has a worker`);
  must(job.phase === 'ended', `${name} is still ${job.phase}`);
  must(job.lookAt === undefined, `${name} has ended, and who started it has not heard of it`);
  must(living(name) === 0, `${name} has ended, and has a worker`);
  await checkNothingLeft(world, job);
  must(isSame(job.tally, tally), `${name} has ended with other sums than its chunks have`);
  await checkFailures(world, job);
  checkManifest(world, job, states);
  await checkOutcome(world, job, states);
}

async function checkNothingLeft(world: JobsWorld, job: Job): Promise<void> {
  const { name, team, cluster } = job;
  for (const [other, home] of world.clusters) {
    const { namespace } = await home.sight(name);
    must(namespace === 'gone', `${name} has ended, and its namespace is left in ${other}`);
  }
  must((await world.queues.url(name)) === undefined, `${name} has ended, and its queue is left`);
  must(!world.identities.made.has(`${cluster}/${name}`), `${name} has ended, and its identity is left`);
  const { held } = world.cloud.store.ledgerNow(team);
  must(held[name] === undefined, `${name} has ended, and holds its quota`);
  must(world.shares.left(job) === 0, `${name} has ended, and others leave workers to it`);
  const begun = [...world.objects.unfinished].filter((key) => key.startsWith(`jobs/${team}/${name}/`));
  must(begun.length === 0, `${name} has ended, and ${begun[0]} is left, begun`);
}

const Failures = z.object({ failures: z.array(z.object({ chunk: z.string() })) });

async function checkFailures(world: JobsWorld, job: Job): Promise<void> {
  const answer = await world.cloud.front.ask(memberOf(job.team), `${pathOf('jobs', job)}/failures`);
  const { failures } = Failures.parse(answer);
  must(
    failures.length === job.tally.failed,
    `${job.name} lists ${failures.length} failures, and has ${job.tally.failed}`,
  );
}

function linesOf<S extends z.ZodMiniType>({ objects }: JobsWorld, key: string, schema: S): z.infer<S>[] {
  const text = String(objects.results.get(key) ?? '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => parseJson(schema, line, key));
}

function checkManifest(world: JobsWorld, job: Job, states: readonly ChunkState[]): void {
  const lines = linesOf(world, filesOf(job).manifest, ManifestLine);
  must(isSame(lines, states.map(manifestLine)), `${job.name}: its manifest is not what its chunks are`);
}

async function checkOutcome(
  world: JobsWorld,
  job: Extract<Job, { phase: 'ended' }>,
  states: readonly ChunkState[],
): Promise<void> {
  const { name, outcome, request, chunks, tally } = job;
  must(outcome !== 'failed' || job.reason !== undefined, `${name} failed, and nobody knows why`);
  const planned = linesOf(world, filesOf(job).plan, DatasetObject);
  const parts = states.flatMap(({ chunk, parts }) => parts.map((part) => ({ key: chunk.key, ...part })));
  const { faults } = verify(planned, parts);
  const hasAll = outcome === 'succeeded' && tally.failed === 0;
  // What was not read is a gap, of what failed or was given up.
  const wrong = faults.find(({ kind }) => hasAll || kind !== 'gap');
  must(wrong === undefined, `${name}: ${JSON.stringify(wrong)}`);
  if (outcome !== 'succeeded') return;
  must(progressOf(tally, chunks).open === 0, `${name} succeeded, and has chunks that are open`);
  must(tally.failed <= request.toleratedFailures, `${name} succeeded, and ${tally.failed} chunks failed`);
  const isSorted = request.command[0] === 'sort';
  const outputs = parts.flatMap(({ output }) => (output ? [world.objects.results.get(output.key)] : []));
  must(
    outputs.every((bytes) => bytes !== undefined),
    `${name} succeeded, and a result is not there`,
  );
  const whole = Buffer.concat(outputs.flatMap((bytes) => bytes ?? []));
  if (hasAll && !isSorted) {
    const read = Buffer.concat(planned.map(({ key, etag }) => world.planned(key, etag)));
    must(whole.equals(read), `${name}: its results are not what it read`);
  }
  if (request.reduce === undefined) return;
  const { reduced } = job;
  must(reduced !== undefined, `${name} succeeded, and its results are not in one`);
  const result = world.objects.results.get(reduced.key);
  const expected = request.reduce.kind === 'merge' ? sortedLines(whole) : whole;
  must(result?.equals(expected) === true, `${name}: what is in one is not all of its results`);
  must(crc32(expected) === reduced.crc32, `${name}: the checksum of what is in one is another`);
}
