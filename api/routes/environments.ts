/** Environments: asked for, read. */
import type { Config } from '#core/config.ts';
import { causedBy } from '#core/decision.ts';
import { Conflict } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Spec } from '#core/spec.ts';
import { described, mustChange } from '../environment.ts';
import { invalid, ProblemError } from '../problem.ts';
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
  answer: async ({ body: { team, name, spec }, ...asked }, { store, config, clock }) => {
    const { person, requestId: story, request } = asked;
    const key = { team, name };
    const known = config.environments.find((entry) => entry.team === team && entry.name === name);
    if (!known) throw notConfigured(key);
    checkBase(config, spec);
    const wanted = { key, cluster: known.cluster, requester: person.name, spec, story };
    const decision = next(await store.read(key), { kind: 'requested', request: wanted }, clock.now());
    await store.write(causedBy(mustChange(decision), story), { request }).catch((error: unknown) => {
      if (error instanceof Conflict) throw exists(key);
      throw error;
    });
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

function checkBase(config: Config, spec: Spec): void {
  const base = config.catalog.bases.find((entry) => entry.name === spec.base);
  if (!base) {
    const names = config.catalog.bases.map((entry) => entry.name).join(', ');
    const message = `no base is called ${spec.base}; the catalog has ${names}`;
    throw invalid([{ path: 'spec.base', message }]);
  }
  const fields = (['apt', 'pip', 'npm'] as const)
    .filter((manager) => spec.packages[manager].length > 0 && !base.takes.includes(manager))
    .map((manager) => ({
      path: `spec.packages.${manager}`,
      message: `${base.name} takes no ${manager} packages`,
    }));
  if (fields.length > 0) throw invalid(fields);
}

const exists = (key: EnvironmentKey) => {
  const id = environmentId(key);
  return new ProblemError(409, 'It exists', `${id} exists already: GET /environments/${id}.`);
};
const notConfigured = (key: EnvironmentKey) => {
  const detail = `${environmentId(key)} is not among the environments of the configuration.`;
  return new ProblemError(422, 'No repositories', detail);
};
