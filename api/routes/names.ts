/** Names as the DNS stage would have them: nothing is written. */

import { readThere } from '../environment.ts';
import { noBody, none, route } from '../route.ts';
import { EnvironmentPath, ZonePlanQuery } from '../schemas.ts';

const planName = route({
  method: 'GET',
  path: '/environments/{team}/{name}/dns',
  name: 'planName',
  summary: "What would be changed of the environment's DNS records now. Nothing is done",
  who: 'read',
  params: EnvironmentPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'NamePlanAnswer' },
  answer: async ({ params: environment }, { names, store }) => {
    await readThere(store, environment);
    const { names: planned } = await names.plan({ kind: 'plan-name', environment });
    const [plan] = planned;
    if (!plan) throw new Error('the DNS stage said nothing');
    return { status: 200, body: plan };
  },
});

const planZone = route({
  method: 'GET',
  path: '/dns/plan',
  name: 'planZone',
  summary:
    'What a sweep would change, on one page of the zone: names that no environment has any more, and names that somebody changed. Nothing is done',
  who: 'operate',
  params: none,
  headers: none,
  query: ZonePlanQuery,
  body: noBody,
  answers: { 200: 'ZonePlanAnswer' },
  answer: async ({ query: { cursor } }, { names }) => {
    const [name, type] = cursor?.split(' ') ?? [];
    const from = name === undefined ? {} : { from: { name, type } };
    const { names: planned, next } = await names.plan({ kind: 'plan-page', ...from });
    const more = next && { next: [next.name, ...(next.type === undefined ? [] : [next.type])].join(' ') };
    return { status: 200, body: { names: planned, ...more } };
  },
});

export const nameRoutes = [planName, planZone];
