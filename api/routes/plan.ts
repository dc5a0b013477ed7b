/** What would be done, and what it would cost: nothing is written. */
import { costOf } from '#core/cost.ts';
import { mustStand, placed } from '../asked.ts';
import { planFor } from '../dry-run.ts';
import { readThere } from '../environment.ts';
import { noBody, none, route } from '../route.ts';
import { CreateEnvironment, EnvironmentPath } from '../schemas.ts';

const plan = route({
  method: 'POST',
  path: '/environments/plan',
  name: 'planEnvironment',
  summary:
    'Says what asking for an environment would do: steps, Dockerfile, objects and cost. Nothing is done',
  who: 'change',
  params: none,
  headers: none,
  query: none,
  body: CreateEnvironment,
  answers: { 200: 'PlanAnswer' },
  answer: async ({ body: { team, name, spec, cluster: asked } }, deps) => {
    const key = { team, name };
    const { cluster, basis } = placed(deps.config, key, { spec, cluster: asked });
    const stands = await mustStand(deps.bases, basis);
    return { status: 200, body: await planFor(deps, { key, spec, cluster, basis, stands }) };
  },
});

const cost = route({
  method: 'GET',
  path: '/environments/{team}/{name}/cost',
  name: 'getCost',
  summary: 'An estimate of what it costs while it runs, with what it assumes',
  who: 'read',
  params: EnvironmentPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'CostAnswer' },
  answer: async ({ params: key }, { store, config }) => {
    const { spec } = await readThere(store, key);
    return { status: 200, body: costOf(spec, config.prices) };
  },
});

export const planRoutes = [plan, cost];
