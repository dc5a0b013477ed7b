/** Environments: asked for, read. */
import { causedBy } from '#core/decision.ts';
import { usedBy } from '#core/kept-snapshot.ts';
import { environmentId } from '#core/names.ts';
import { filling, newcomer } from '../creation.ts';
import { dryCreate } from '../dry-run.ts';
import { described, mustChange } from '../environment.ts';
import { writeHeld } from '../holding.ts';
import { noBody, none, route } from '../route.ts';
import { CreateEnvironment, DryRunQuery, EnvironmentPath } from '../schemas.ts';

const create = route({
  method: 'POST',
  path: '/environments',
  name: 'createEnvironment',
  summary: 'Asks for an environment: it is built, scanned and judged, and then waits for its approval',
  who: 'change',
  params: none,
  headers: none,
  query: DryRunQuery,
  body: CreateEnvironment,
  answers: { 200: 'PlanAnswer', 201: 'EnvironmentAnswer' },
  problems: [409],
  answer: async ({ body, query: { dryRun: dry }, person, requestId, request }, deps) => {
    const { team, name, cluster: asked, spec } = body;
    const { store, clock } = deps;
    const key = { team, name };
    const requester = person.name;
    const { cluster, basis, stands, decided } = await newcomer(deps, {
      key,
      spec,
      cluster: asked,
      requester,
      requestId,
    });
    if (dry === 'true') {
      const before = await store.read(key);
      return {
        status: 200,
        body: await dryCreate(deps, { key, spec, basis, stands, cluster }, decided(before, clock.now())),
      };
    }
    await writeHeld(deps, async () => {
      const now = clock.now();
      const change = causedBy(mustChange(decided(await store.read(key), now)), requestId);
      const known = await filling(deps.snapshots, key, spec, cluster);
      return { change, enclosed: { request, snapshot: known && usedBy(known, key, now) } };
    });
    const headers = { location: `/environments/${environmentId(key)}` };
    return { status: 201, ...(await described(deps, key, headers)) };
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
  answers: { 200: 'EnvironmentAnswer' },
  answer: async ({ params }, deps) => ({ status: 200, ...(await described(deps, params)) }),
});

export const environmentRoutes = [create, get];
