/** Data jobs: asked for, read, listed, and what people do with one that runs or has ended. */
import { secondsHeld } from '#core/jobs/claim.ts';
import { askedJob, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { inputText } from '#core/jobs/request.ts';
import { type JobKey, jobNameAt } from '#core/jobs/slots.ts';
import type { RequestRef } from '#core/request-ports.ts';
import type { JobAnswer } from '../job-answers.ts';
import { CreateJob, JobPath, JobsQuery, RetryJob } from '../job-schemas.ts';
import {
  jobView,
  mustBeAdmitted,
  mustHaveImage,
  mustHaveResults,
  readJob,
  wholeJob,
  writeJob,
} from '../jobs.ts';
import { type ApiDeps, noBody, none, route, teamOf } from '../route.ts';
import { TeamPath } from '../schemas.ts';

const pageSize = 50;

const create = route({
  method: 'POST',
  path: '/jobs',
  name: 'createJob',
  summary: 'Runs a command over a dataset, chunk by chunk, by many workers',
  who: 'change',
  params: none,
  headers: none,
  query: none,
  body: CreateJob,
  answers: { 201: 'JobAnswer' },
  problems: [403, 409],
  answer: async ({ body: { team, job: asked }, person, request }, deps) => {
    const { config, clock, random } = deps;
    const cluster = mustBeAdmitted(deps, asked, teamOf(config, team));
    await mustHaveResults(deps, asked, teamOf(config, team));
    await mustHaveImage(deps, asked);
    const at = clock.now();
    const key = { team, name: jobNameAt(at, random(2)) };
    const job = askedJob({ ...key, requester: person.name, at, cluster, request: asked });
    const what = `asked for ${asked.command[0]} over ${inputText(asked)}`;
    const change = jobChange(undefined, job, { at, actor: person.name, what, lookAfterSeconds: 0 });
    await writeJob(deps, async () => change, { request, holds: true });
    const headers = { location: `/jobs/${team}/${key.name}` };
    return { status: 201, body: await wholeJob(deps, key), headers };
  },
});

const get = route({
  method: 'GET',
  path: '/jobs/{team}/{name}',
  name: 'getJob',
  summary: 'How far a job is, who works at it, and what happened',
  who: 'read',
  params: JobPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'JobAnswer' },
  problems: [404],
  answer: async ({ params }, deps) => ({ status: 200, body: await wholeJob(deps, params) }),
});

const list = route({
  method: 'GET',
  path: '/teams/{team}/jobs',
  name: 'listJobs',
  summary: "A team's jobs, the newest first",
  who: 'read',
  params: TeamPath,
  headers: none,
  query: JobsQuery,
  body: noBody,
  answers: { 200: 'JobsAnswer' },
  answer: async ({ params: { team }, query: { cursor } }, deps) => {
    const { jobs, more } = await deps.jobs.list(team, cursor, pageSize);
    const last = jobs.at(-1);
    const page = jobs.map((job) => jobView(deps, job));
    return { status: 200, body: { jobs: page, ...(more && last && { next: last.name }) } };
  },
});

type Said = Extract<JobEvent, { by: string }>;

const saying = {
  method: 'POST',
  who: 'change',
  params: JobPath,
  headers: none,
  query: none,
  answers: { 200: 'JobAnswer' },
  problems: [404, 409],
} as const;

/** What a person says of a job; what is so already is no error. */
async function said(
  deps: ApiDeps,
  key: JobKey,
  event: Said,
  request: RequestRef | undefined,
): Promise<{ status: 200; body: JobAnswer }> {
  const decide = async () => {
    const job = await readJob(deps, key);
    const at = deps.clock.now();
    const decision = nextJob(job, event, at);
    if (decision.outcome !== 'changed') return decision;
    // Who is at it goes on, and hears of it when they are done: all else is to be looked at now.
    const lookAfterSeconds = secondsHeld(job, at);
    const told = { at, actor: event.by, what: decision.what ?? event.kind, lookAfterSeconds };
    return jobChange(job, decision.job, told);
  };
  await writeJob(deps, decide, { request, holds: event.kind === 'retry' });
  return { status: 200, body: await wholeJob(deps, key) };
}

const verb = (kind: 'pause' | 'resume' | 'cancel', summary: string) =>
  route({
    ...saying,
    path: `/jobs/{team}/{name}/${kind}`,
    name: `${kind}Job`,
    summary,
    body: noBody,
    answer: ({ params, person, request }, deps) => said(deps, params, { kind, by: person.name }, request),
  });

const retry = route({
  ...saying,
  path: '/jobs/{team}/{name}/retry',
  name: 'retryJob',
  summary:
    'Of a job that has ended: runs again what has no result, and nothing else; with more memory for its commands, where that is asked for',
  body: RetryJob,
  answer: ({ params, person, request, body: { memoryMiB } }, deps) =>
    said(deps, params, { kind: 'retry', by: person.name, memoryMiB }, request),
});

export const jobRoutes = [
  create,
  get,
  list,
  verb('pause', 'Gives back what its workers are at, and keeps what is done'),
  verb('resume', 'Goes on where it was'),
  verb('cancel', 'Ends it; what is done is kept, and told of in its manifest'),
  retry,
];
