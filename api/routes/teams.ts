/** What a team holds of its quota. */
import { sum } from '#core/usage.ts';
import { noBody, none, route, teamOf } from '../route.ts';
import { TeamPath } from '../schemas.ts';

const usage = route({
  method: 'GET',
  path: '/teams/{team}/usage',
  name: 'getUsage',
  summary: 'What the environments of a team ask for, against its quota',
  who: 'read',
  params: TeamPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'UsageAnswer' },
  answer: async ({ params: { team } }, { store, config }) => {
    const { quota } = teamOf(config, team);
    // By the same ledger that a request is refused by.
    const used = sum(Object.values((await store.ledger(team)).held));
    const left = {
      cpu: Math.max(0, Math.round((quota.cpu - used.cpu) * 1000) / 1000),
      memoryMiB: Math.max(0, quota.memoryMiB - used.memoryMiB),
      gpu: Math.max(0, quota.gpu - used.gpu),
      storageGiB: Math.max(0, quota.storageGiB - used.storageGiB),
      environments: Math.max(0, quota.environments - used.environments),
    };
    return { status: 200, body: { team, quota, used, left } };
  },
});

export const teamRoutes = [usage];
