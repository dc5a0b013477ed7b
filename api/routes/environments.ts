/** Environments: asked for, read. */
import { causedBy } from '#core/decision.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import { placed } from '../asked.ts';
import { described, mustChange } from '../environment.ts';
import { writeHolding } from '../holding.ts';
import { noBody, none, route } from '../route.ts';
import { CreateEnvironment, EnvironmentAnswer, EnvironmentPath } from '../schemas.ts';

const create = route({
  method: 'POST',
  path: '/environments',
  name: 'createEnvironment',
  summary: 'Asks for an environment: it is built, scanned and judged, and then waits for its approval',
  who: 'change',
  params: none,
  headers: none,
  query: none,
  body: CreateEnvironment,
  answers: { 201: EnvironmentAnswer },
  problems: [409],
  answer: async ({ body: { team, name, cluster: asked, spec }, person, requestId, request }, deps) => {
    const { store, config, clock } = deps;
    const key = { team, name };
    const { cluster } = placed(config, key, spec, asked);
    const wanted = { key, cluster: cluster.name, requester: person.name, spec, story: requestId };
    const decide = async () => {
      const decision = next(await store.read(key), { kind: 'requested', request: wanted }, clock.now());
      return causedBy(mustChange(decision), requestId);
    };
    await writeHolding(deps, decide, { request });
    const headers = { location: `/environments/${environmentId(key)}` };
    return { status: 201, ...(await described(store, key, headers)) };
  },
});

const get = route({
  method: 'GET',
  path: '/environments/{team}/{name}',
  name: 'getEnvironment',
  summary: 'What runs, what waits for whom, and why',
  who: 'read',
  params: EnvironmentPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: EnvironmentAnswer },
  answer: async ({ params }, { store }) => ({ status: 200, ...(await described(store, params)) }),
});

export const environmentRoutes = [create, get];
