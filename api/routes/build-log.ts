/** What a build prints, page by page, while it runs and after; and how long each of its steps took. */
import { readSteps } from '#core/build-steps.ts';
import { Rejected } from '#core/errors.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { BuildLogQuery, BuildPath } from '../build-log-schemas.ts';
import { readThere } from '../environment.ts';
import { invalid, ProblemError } from '../problem.ts';
import { type ApiDeps, noBody, none, route } from '../route.ts';

const log = route({
  method: 'GET',
  path: '/environments/{team}/{name}/builds/{number}/log',
  name: 'getBuildLog',
  summary: 'What a build printed, from its beginning or from where a page before ended',
  who: 'read',
  params: BuildPath,
  headers: none,
  query: BuildLogQuery,
  body: noBody,
  answers: { 200: 'BuildLogAnswer' },
  answer: async ({ params: { number, ...key }, query: { cursor } }, deps) => {
    const { candidate, builds } = await readThere(deps.store, key);
    const isUnderWay = candidate.phase === 'building' && candidate.build.number === number;
    const page = number > builds ? undefined : await read(deps, { key, number, cursor });
    // The first line may be a minute away: the machine comes first.
    if (!page && isUnderWay) return { status: 200, body: { lines: [], more: false, ended: false } };
    if (!page) throw noLog(key, number, builds);
    const { lines, ...rest } = page;
    return { status: 200, body: { ...rest, lines: [...lines], ended: !isUnderWay && !page.more } };
  },
});

const build = route({
  method: 'GET',
  path: '/environments/{team}/{name}/builds/{number}',
  name: 'getBuild',
  summary: 'How long each step of a build took and which came from a cache, while it runs and after',
  who: 'read',
  params: BuildPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'BuildAnswer' },
  answer: async ({ params: { number, ...key } }, { store, buildLogs, buildRecords, clock }) => {
    const { candidate, builds } = await readThere(store, key);
    const ended = !(candidate.phase === 'building' && candidate.build.number === number);
    const kept = ended ? await buildRecords.read(key, number) : undefined;
    const isRead = kept?.isWhole === true || number > builds;
    const record = (isRead ? undefined : await readSteps(buildLogs, { key, number }, clock.now())) ?? kept;
    if (!record && ended) throw noLog(key, number, builds);
    const { steps = [], left = 0 } = record ?? {};
    const cached = steps.filter(({ how }) => how === 'cached').length;
    return { status: 200, body: { number, ended, steps: [...steps], left, cached } };
  },
});

export const buildLogRoutes = [log, build];

type Place = { readonly key: EnvironmentKey; readonly number: number; readonly cursor: string | undefined };

async function read({ buildLogs }: ApiDeps, place: Place) {
  try {
    return await buildLogs.read(place);
  } catch (error) {
    if (error instanceof Rejected) throw invalid([{ path: 'cursor', message: error.message }]);
    throw error;
  }
}

function noLog(key: EnvironmentKey, number: number, builds: number): ProblemError {
  const id = environmentId(key);
  const detail =
    number > builds
      ? `${id} has had ${builds} builds.`
      : `Build ${number} of ${id} has no log: it was spared or never started, or it is more than a month ago.`;
  return new ProblemError(404, 'No such log', detail);
}
