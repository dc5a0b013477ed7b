/** Standing jobs: jobs that a time, an upload or the end of another one starts. Asked for, read, changed, paused, run by hand, and deleted. */
import type { StandingKey } from '#core/jobs/standing/cause.ts';
import { followersOf } from '#core/jobs/standing/chain.ts';
import { askedStanding, nextStanding, type StandingEvent } from '#core/jobs/standing/next.ts';
import { IfMatch } from '../headers.ts';
import { ProblemError } from '../problem.ts';
import { type ApiDeps, noBody, none, route } from '../route.ts';
import { TeamPath } from '../schemas.ts';
import {
  mustHaveRoom,
  mustStart,
  readStanding,
  standingAnswer,
  standingView,
  writeStanding,
} from '../standing.ts';
import { ChangeStandingJob, CreateStandingJob, StandingPath, StandingQuery } from '../standing-schemas.ts';

const pageSize = 25;
const path = '/standing-jobs/{team}/{name}';

const create = route({
  method: 'POST',
  path: '/standing-jobs',
  name: 'createStandingJob',
  summary: 'A job that a schedule, an upload or the success of another one starts, again and again',
  who: 'change',
  params: none,
  headers: none,
  query: none,
  body: CreateStandingJob,
  answers: { 201: 'StandingJobAnswer' },
  problems: [403, 409],
  answer: async ({ body: { team, name, standing: spec }, person, request }, deps) => {
    const key = { team, name };
    await mustStart(deps, key, spec);
    await mustHaveRoom(deps, key);
    const decide = async () =>
      askedStanding(key, await deps.standing.read(key), { spec, owner: person.name, at: deps.clock.now() });
    await writeStanding(deps, key, decide, { actor: person.name, request });
    const { body, headers } = await standingAnswer(deps, key);
    return { status: 201, body, headers: { ...headers, location: `/standing-jobs/${team}/${name}` } };
  },
});

const get = route({
  method: 'GET',
  path,
  name: 'getStandingJob',
  summary: 'What starts it, what waits and goes on, and what came of the causes before',
  who: 'read',
  params: StandingPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'StandingJobAnswer' },
  problems: [404],
  answer: async ({ params }, deps) => ({ status: 200, ...(await standingAnswer(deps, params)) }),
});

const list = route({
  method: 'GET',
  path: '/teams/{team}/standing-jobs',
  name: 'listStandingJobs',
  summary: "A team's standing jobs, by name",
  who: 'read',
  params: TeamPath,
  headers: none,
  query: StandingQuery,
  body: noBody,
  answers: { 200: 'StandingJobsAnswer' },
  answer: async ({ params: { team }, query: { cursor = '' } }, { standing }) => {
    const left = (await standing.all(team)).filter(({ name }) => name > cursor);
    const page = left.slice(0, pageSize);
    const last = left.length > pageSize ? page.at(-1) : undefined;
    const standingJobs = page.map(standingView);
    return { status: 200, body: { standingJobs, ...(last && { next: last.name }) } };
  },
});

const change = route({
  method: 'PUT',
  path,
  name: 'changeStandingJob',
  summary: 'Another job, or another cause: of what waits for a cause that it has no more, none is started',
  who: 'change',
  params: StandingPath,
  headers: IfMatch,
  query: none,
  body: ChangeStandingJob,
  answers: { 200: 'StandingJobAnswer' },
  problems: [403, 404, 409],
  answer: async ({ params: key, body: { standing: spec }, headers, person }, deps) => {
    const version = headers['if-match'];
    await readStanding(deps, key, version);
    await mustStart(deps, key, spec);
    await decided(deps, key, { kind: 'change', by: person.name, spec }, { actor: person.name, version });
    return { status: 200, ...(await standingAnswer(deps, key)) };
  },
});

const remove = route({
  method: 'DELETE',
  path,
  name: 'deleteStandingJob',
  summary: 'Nothing starts it any more; a job of it that goes on does so, and all that were stay',
  who: 'change',
  params: StandingPath,
  headers: IfMatch,
  query: none,
  body: noBody,
  answers: { 200: 'StandingJobAnswer' },
  problems: [404, 409],
  answer: async ({ params: key, headers, person }, deps) => {
    const version = headers['if-match'];
    await readStanding(deps, key, version);
    const followers = followersOf(key.name, await deps.standing.all(key.team));
    if (followers.length > 0) {
      const names = followers.map(({ name }) => name).join(', ');
      throw new ProblemError(409, 'Others follow it', `${names} run after it: change or delete those first.`);
    }
    const { body } = await standingAnswer(deps, key);
    await decided(deps, key, { kind: 'delete', by: person.name }, { actor: person.name, version });
    return { status: 200, body };
  },
});

/** What a person says of it; what is so already is no error. */
const verb = (kind: 'pause' | 'resume', summary: string) =>
  route({
    method: 'POST',
    path: `${path}/${kind}`,
    name: `${kind}StandingJob`,
    summary,
    who: 'change',
    params: StandingPath,
    headers: none,
    query: none,
    body: noBody,
    answers: { 200: 'StandingJobAnswer' },
    problems: [404, 409],
    answer: async ({ params: key, person, request }, deps) => {
      await decided(deps, key, { kind, by: person.name }, { actor: person.name, request });
      return { status: 200, ...(await standingAnswer(deps, key)) };
    },
  });

const run = route({
  method: 'POST',
  path: `${path}/runs`,
  name: 'runStandingJob',
  summary: 'Starts one of a schedule now, or when the one that goes on has ended',
  who: 'change',
  params: StandingPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 202: 'StandingJobAnswer' },
  problems: [404, 409],
  answer: async ({ params: key, person, request }, deps) => {
    const cause = { kind: 'asked', at: deps.clock.now(), by: person.name } as const;
    await decided(deps, key, { kind: 'caused', cause }, { actor: person.name, request });
    return { status: 202, ...(await standingAnswer(deps, key)) };
  },
});

/** Reads it, lets that be decided, and writes. */
const decided = (
  deps: ApiDeps,
  key: StandingKey,
  event: StandingEvent,
  by: Parameters<typeof writeStanding>[3],
): Promise<void> => {
  const decide = async () => nextStanding(await readStanding(deps, key, by.version), event, deps.clock.now());
  return writeStanding(deps, key, decide, by);
};

export const standingJobRoutes = [
  create,
  get,
  list,
  change,
  remove,
  verb(
    'pause',
    'Nothing starts it: times that come and objects that are uploaded until it is resumed start none',
  ),
  verb('resume', 'Starts what waits, and what comes from now on'),
  run,
];
