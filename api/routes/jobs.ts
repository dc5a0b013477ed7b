/** Data jobs: asked for, read, listed, and what people do with one that runs or has ended. */
import { secondsHeld } from '#core/jobs/claim.ts';
import { askedJob, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { inputText } from '#core/jobs/request.ts';
import { jobNameAt } from '#core/jobs/slots.ts';
import { CreateJob, JobPath, JobsQuery } from '../job-schemas.ts';
import {
  jobView,
  mustBeAdmitted,
  mustHaveImage,
  mustHaveResults,
  readJob,
  wholeJob,
  writeJob,
} from '../jobs.ts';
import { noBody, none, route, teamOf } from '../route.ts';
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

/** What a person says of a job; what is so already is no error. */
const verb = (kind: Extract<JobEvent, { by: string }>['kind'], summary: string) =>
  route({
    method: 'POST',
    path: `/jobs/{team}/{name}/${kind}`,
    name: `${kind}Job`,
    summary,
    who: 'change',
    params: JobPath,
    headers: none,
    query: none,
    body: noBody,
    answers: { 200: 'JobAnswer' },
    problems: [404, 409],
    answer: async ({ params, person, request }, deps) => {
      const decide = async () => {
        const job = await readJob(deps, params);
        const at = deps.clock.now();
        const decision = nextJob(job, { kind, by: person.name }, at);
        if (decision.outcome !== 'changed') return decision;
        // Who is at it goes on, and hears of it when they are done: all else is to be looked at now.
        const lookAfterSeconds = secondsHeld(job, at);
        const told = { at, actor: person.name, what: decision.what ?? kind, lookAfterSeconds };
        return jobChange(job, decision.job, told);
      };
      await writeJob(deps, decide, { request, holds: kind === 'retry' });
      return { status: 200, body: await wholeJob(deps, params) };
    },
  });

export const jobRoutes = [
  create,
  get,
  list,
  verb('pause', 'Gives back what its workers are at, and keeps what is done'),
  verb('resume', 'Goes on where it was'),
  verb('cancel', 'Ends it; what is done is kept, and told of in its manifest'),
  verb('retry', 'Of a job that has ended: runs again what has no result, and nothing else'),
];
