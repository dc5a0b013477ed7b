/** The environments of the caller's teams, page by page. */
import { type Listed, phaseOf } from '#core/environment.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { may, type Person } from '#core/roles.ts';
import { type ApiDeps, allow, noBody, none, route } from '../route.ts';
import { ListQuery } from '../schemas.ts';

const pageSize = 50;

const list = route({
  method: 'GET',
  path: '/environments',
  name: 'listEnvironments',
  summary: 'The environments of your teams, by team and name',
  who: 'signed-in',
  params: none,
  headers: none,
  query: ListQuery,
  body: noBody,
  answers: { 200: 'EnvironmentsAnswer' },
  problems: [403, 404],
  answer: async ({ query: { team, cursor, limit = pageSize }, person }, deps) => {
    if (team !== undefined) allow('read', person, deps.config, team);
    const teams = readable(deps, person).filter((name) => team === undefined || name === team);
    const { found, last } = await pageOf(deps, teams, cursor, limit);
    const environments = found.map((listed) => ({ ...listed, phase: phaseOf(listed) }));
    return { status: 200, body: { environments, ...(last && { next: environmentId(last) }) } };
  },
});

export const listRoutes = [list];

const readable = ({ config }: ApiDeps, person: Person) =>
  config.teams
    .filter((team) => may(person, 'read', config, team))
    .map(({ name }) => name)
    .sort();

/** @returns the last of the page where there are more after it. */
async function pageOf(
  { store }: ApiDeps,
  teams: ReturnType<typeof readable>,
  after: EnvironmentKey | undefined,
  limit: number,
): Promise<{ found: Listed[]; last?: EnvironmentKey | undefined }> {
  const found: Listed[] = [];
  const left = teams.filter((team) => after === undefined || team >= after.team);
  for (const team of left) {
    // Full by the end of a team: whether there are others, the next one says.
    const wanted = Math.max(limit - found.length, 1);
    const page = await store.list(team, team === after?.team ? after.name : undefined, wanted);
    if (found.length === limit) {
      if (page.listed.length > 0) return { found, last: found.at(-1)?.key };
      continue;
    }
    found.push(...page.listed);
    if (page.more) return { found, last: found.at(-1)?.key };
  }
  return { found };
}
