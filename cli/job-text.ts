/** Data jobs in words. */
import type { FailuresAnswer, JobAnswer, JobsAnswer } from '../api/client/jobs.ts';
import { inputText, readsRows, snapshotOf } from '../api/client/jobs.ts';
import { table } from './offers.ts';
import { duration } from './trace.ts';

type Job = JobAnswer['job'];

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
export function bytesText(bytes: number): string {
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}

const width = 24;
function bar(share: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
}

const phaseText = ({ phase, paused, outcome }: Job): string =>
  phase === 'ended' || phase === 'finishing'
    ? `${outcome}${phase === 'finishing' ? ', ending' : ''}`
    : paused
      ? `${phase}, paused`
      : phase;

/** One line, for who waits. */
export function jobLine(job: Job): string {
  const { bytes, bytesDone, share, bytesPerSecond, secondsLeft } = job.progress;
  const { chunks, committed, failed, halved, leased } = job.progress;
  // Rows are not as long as what a table takes on its disk.
  const read = readsRows(job.request)
    ? `${bytesText(bytesDone)} of rows`
    : `${bytesText(bytesDone)} of ${bytesText(bytes)}`;
  const rate = bytesPerSecond === undefined ? '' : `  ${bytesText(bytesPerSecond)}/s`;
  const left = secondsLeft === undefined ? '' : `  ${duration(secondsLeft * 1000)} left`;
  const fails = failed > 0 ? `, ${failed} failed` : '';
  // Of the chunks that are counted these have no result of their own.
  const cut = halved > 0 ? `, ${halved} halved` : '';
  const parts = `${committed} of ${chunks} chunks${fails}${cut}, ${leased} at work`;
  return `${bar(share)} ${Math.floor(share * 100)} %  ${read}  ${parts}${rate}${left}  ${phaseText(job)}${awayText(job)}${refusedText(job)}`;
}

const awayText = ({ away }: Job): string =>
  away === undefined ? '' : `, its database is away for ${duration(away.seconds * 1000)}`;

const refusedText = ({ refused, cluster, phase }: Job): string =>
  refused === undefined
    ? ''
    : `, ${cluster} refuses ${phase === 'finishing' ? 'to remove its namespace' : 'its namespace'}`;

function waitText({ away, refused, cluster }: Job): string[] {
  const why = away?.why === undefined ? '' : ` (${away.why})`;
  return [
    ...(away === undefined
      ? []
      : [`  database  not in reach since ${away.since}${why}: the job fails at ${away.failsAt}`]),
    ...(refused === undefined
      ? []
      : [`  refused   by ${cluster}, asked again each minute: ${refused} (ask whoever runs the cluster)`]),
  ];
}

export function jobText({ job, workers, share, history }: JobAnswer): string {
  const { team, name, request, progress, cost, reason, cluster, requester, at } = job;
  return [
    `${team}/${name}  ${phaseText(job)}${reason === undefined ? '' : `: ${reason}`}`,
    `  ${jobLine(job)}`,
    `  runs      ${request.command.join(' ')}`,
    `  over      ${inputText(request)}${request.query ? `: ${request.query.sql}` : ''}`,
    ...snapshotText(request),
    ...waitText(job),
    ...halvedText(job),
    `  results   ${bytesText(progress.outputBytes)} of ${progress.records} records${reducedText(job)}`,
    `  cluster   ${cluster}, ${request.parallelism} workers at most`,
    ...(share === undefined
      ? []
      : [
          `  share     ${share.workers} workers of ${share.couldUse} that it could use: the others are other jobs'`,
        ]),
    `  cost      ${cost.soFar} ${cost.currency} so far: ${cost.assumption}`,
    `  asked     ${at} by ${requester}`,
    ...workers.map(workerText),
    ...history.map((line) => `  ${line.at}  ${line.actor}: ${line.what}`),
  ].join('\n');
}

type Worker = JobAnswer['workers'][number];

const memoryText = ({ memoryBytes }: Worker): string =>
  memoryBytes === undefined ? '' : `, ${bytesText(memoryBytes)}`;
const rateText = ({ rate }: Worker): string =>
  rate === undefined ? '' : `, ${bytesText(rate.bytesPerSecond)}/s, ${rate.recordsPerSecond} records/s`;

function workerText(worker: Worker): string {
  const { slot, state, reason, restarts } = worker;
  const why = reason === undefined ? '' : ` (${reason})`;
  return `  worker ${slot}  ${state}${why}, filled again ${restarts} times${memoryText(worker)}${rateText(worker)}`;
}

const mostWatched = 16;

/** For who waits: a line for each that runs, with its memory and its rate, the slowest first, for it is what they wait for. */
export function workersLines({ workers }: JobAnswer): string[] {
  const running = workers
    .filter(({ state }) => state === 'running')
    .sort((a, b) => (a.rate?.bytesPerSecond ?? Infinity) - (b.rate?.bytesPerSecond ?? Infinity));
  const lines = running
    .slice(0, mostWatched)
    .map((worker) => `  worker ${worker.slot}${memoryText(worker)}${rateText(worker)}`);
  const more = running.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

/** Back to where those lines began, and nothing behind it. One that is longer than the terminal is wide has several rows there. */
export function overwriting(lines: readonly string[], columns: number): string {
  const rows = lines.reduce((sum, { length }) => sum + Math.max(1, Math.ceil(length / columns)), 0);
  return `\r${rows > 1 ? `\u001b[${rows - 1}A` : ''}\u001b[J`;
}

function halvedText({ request, progress: { halved } }: Job): string[] {
  if (halved === 0) return [];
  const what =
    halved === 1 ? '1 chunk was cut in two: its command' : `${halved} chunks were cut in two: their commands`;
  return [
    `  halved    ${what} had no memory left of ${request.resources.memoryMiB} MiB (more: \`schwifty job retry --memory\` when it has ended, or resources.memoryMiB; or a smaller chunkMiB)`,
  ];
}

function snapshotText(request: Job['request']): string[] {
  const snapshot = snapshotOf(request);
  if (snapshot === undefined) return [];
  const held = 'which a worker more holds until its last chunk is read';
  return [`  snapshot  one of all of it, ${held}: ${duration(snapshot.maxSeconds * 1000)} at most`];
}

function reducedText({ request: { reduce }, reduced }: Job): string {
  if (reduce === undefined) return '';
  const verb = { concatenate: 'laid end to end', command: 'put through a command', merge: 'merged' }[
    reduce.kind
  ];
  return reduced === undefined ? `, to be ${verb}` : `, ${verb}: ${bytesText(reduced.bytes)}`;
}

export function jobsText({ jobs, next }: JobsAnswer): string {
  if (jobs.length === 0) return 'No jobs. Ask for one: schwifty job submit <team> --file job.yaml';
  const rows = jobs.map((job) => [
    `${job.team}/${job.name}`,
    phaseText(job),
    `${job.progress.committed} of ${job.progress.chunks}`,
    bytesText(job.progress.bytes),
    job.requester,
    job.at,
    inputText(job.request),
  ]);
  const all = table([['job', 'phase', 'chunks', 'input', 'asked for by', 'at', 'dataset'], ...rows]);
  return next === undefined ? all : `${all}\nThere are older ones.`;
}

export const failuresText = (failures: FailuresAnswer['failures']): string =>
  failures.length === 0
    ? 'No chunk has failed.'
    : failures
        .map((one) =>
          [
            `chunk ${one.chunk}${halfText(one)} of ${one.key}${extentText(one)}, after ${one.attempts} attempts: ${whyText(one)}`,
            ...(one.failure.stderr ?? '')
              .trimEnd()
              .split('\n')
              .filter(Boolean)
              .map((line) => `    ${line}`),
          ].join('\n'),
        )
        .join('\n');

type Failed = FailuresAnswer['failures'][number];

function whyText({ failure: { kind, message, offset } }: Failed): string {
  if (offset === undefined) return `${kind}: ${message}`;
  const where =
    kind === 'record-too-large' ? `at byte ${offset}` : `it had been given what is before byte ${offset}`;
  return `${kind}: ${message} (${where})`;
}

/** Halves have letters behind the number of what was cut. */
function halfText({ chunk }: Failed): string {
  const whole = chunk.replace(/[ab]+$/, '');
  return whole === chunk ? '' : ` (a piece of ${whole}, whose command had no memory left)`;
}

function extentText({ start, end, range }: Failed): string {
  if (start !== undefined && end !== undefined) return `, bytes ${start} to ${end}`;
  if (range === undefined) return '';
  const { after, upTo } = range;
  if (after === null && upTo === null) return ', all rows';
  const begin = after === null ? 'from the first one' : `behind ${keyText(after)}`;
  return `, rows ${begin}${upTo === null ? '' : ` up to ${keyText(upTo)}`}`;
}

const keyText = (key: readonly string[]): string => `(${key.join(', ')})`;
