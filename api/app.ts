/** The routes. Who calls is told by the gateway, which has checked the token; what is asked is checked here. */
import { Hono } from 'hono';
import type * as z from 'zod';
import type { Person } from '#core/approval.ts';
import type { Config, Team } from '#core/config.ts';
import { type Change, causedBy, type Decision } from '#core/decision.ts';
import { judgedDigest, phaseOf } from '#core/environment.ts';
import { Conflict, Retryable, unreachable } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId, parseEnvironmentId } from '#core/names.ts';
import type { Chronicle, EnvironmentStore, RepositoryMaker } from '#core/ports.ts';
import { ofStory } from '#core/trace.ts';
import { type DeadLetterDeps, listDlqs, redriveDlq, showDlq } from './dead-letters.ts';
import { ProblemError } from './problem.ts';
import {
  CreateApproval,
  CreateEnvironment,
  type EnvironmentAnswer,
  type Problem,
  RedriveRequest,
  type TraceAnswer,
  TraceQuery,
} from './schemas.ts';

export interface ApiDeps extends DeadLetterDeps {
  readonly store: EnvironmentStore & Chronicle;
  readonly repositories: RepositoryMaker;
  readonly config: Config;
}
type Variables = { person: Person };
type Bindings = Record<string, unknown>;

/** Who calls, and the request's id, from the gateway's own words. */
export interface Caller {
  readonly person: (bindings: Bindings) => Person;
  readonly requestId: (bindings: Bindings) => string | undefined;
}

type App = Hono<{ Bindings: Bindings; Variables: Variables }>;

export function makeApp(deps: ApiDeps, caller: Caller): App {
  const app: App = new Hono();
  app.onError((error) => problemResponse(toProblem(error)));
  app.notFound((c) =>
    problemResponse(problem(404, 'Not found', `There is no ${c.req.method} ${c.req.path}.`)),
  );
  app.get('/health', (c) => c.json({ status: 'ok' }));
  for (const path of ['/environments', '/environments/*', '/dlqs', '/dlqs/*'])
    app.use(path, async (c, next) => {
      c.set('person', caller.person(c.env));
      await next();
    });
  environments(app, deps, caller);
  traces(app, deps);
  operate(app, deps);
  return app;
}

function environments(app: App, { store, config, clock }: ApiDeps, { requestId }: Caller): void {
  app.post('/environments', async (c) => {
    const { team, name, spec } = await body(CreateEnvironment, c.req.raw);
    const key = { team, name };
    requireMember(teamOf(config, key), c.get('person'));
    const known = config.environments.find((entry) => entry.team === team && entry.name === name);
    if (!known) throw notConfigured(key);
    checkBase(config, spec);
    const story = requestId(c.env);
    const request = { key, cluster: known.cluster, requester: c.get('person').name, spec, story };
    const decision = next(await store.read(key), { kind: 'requested', request }, clock.now());
    await store.write(causedBy(mustChange(decision), story)).catch((error: unknown) => {
      if (error instanceof Conflict) throw exists(key);
      throw error;
    });
    return c.json(await describe(store, key), 201, { location: `/environments/${environmentId(key)}` });
  });

  app.get('/environments/:team/:name', async (c) => {
    const key = keyOf(c.req.param());
    requireMember(teamOf(config, key), c.get('person'));
    return c.json(await describe(store, key));
  });

  app.post('/environments/:team/:name/approvals', async (c) => {
    const key = keyOf(c.req.param());
    const team = teamOf(config, key);
    const { digest } = await body(CreateApproval, c.req.raw);
    const environment = await store.read(key);
    if (!environment) throw missing(key);
    const verdict = await store.verdict(key, digest);
    const person = c.get('person');
    const now = clock.now();
    const { policy } = config;
    const news = { kind: 'approved' as const, digest, person, team, verdict, policy };
    const change = causedBy(mustChange(next(environment, news, now)), requestId(c.env));
    await store.write(change, { approval: { digest, approver: person.name, at: now } });
    return c.json(await describe(store, key), 201);
  });
}

function traces(app: App, { store, config }: ApiDeps): void {
  app.get('/environments/:team/:name/trace', async (c) => {
    const key = keyOf(c.req.param());
    if (!isOperator(config, c.get('person'))) requireMember(teamOf(config, key), c.get('person'));
    return c.json(await trace(store, key, valid(TraceQuery, c.req.query())));
  });
}

/** For those who run GetSchwifty, whatever their team. */
function operate(app: App, deps: ApiDeps): void {
  const operator = (person: Person) => {
    if (isOperator(deps.config, person)) return;
    throw new ProblemError(403, 'Not an operator', `${person.name} is not in ${deps.config.operators}.`);
  };
  app.get('/dlqs', async (c) => {
    operator(c.get('person'));
    return c.json(await listDlqs(deps));
  });
  app.get('/dlqs/:name', async (c) => {
    operator(c.get('person'));
    return c.json(await showDlq(deps, c.req.param('name')));
  });
  app.post('/dlqs/:name/redrive', async (c) => {
    operator(c.get('person'));
    const wanted = await body(RedriveRequest, c.req.raw);
    return c.json(await redriveDlq(deps, c.req.param('name'), wanted));
  });
}

const isOperator = (config: Config, person: Person): boolean => person.groups.includes(config.operators);

/** Changes a page. */
const tracePage = 100;

async function trace(
  store: Chronicle & EnvironmentStore,
  key: EnvironmentKey,
  { story, cursor = 0 }: z.infer<typeof TraceQuery>,
): Promise<TraceAnswer> {
  if (cursor === 0 && !(await store.read(key))) throw missing(key);
  const page = await store.steps(key, cursor, tracePage);
  const steps = [...ofStory(page.steps, story)];
  return { steps, ...(page.next === undefined ? {} : { next: String(page.next) }) };
}

function mustChange(decision: Decision): Change {
  switch (decision.outcome) {
    case 'changed':
      return decision;
    case 'refused':
      throw new ProblemError(decision.status, decision.title, decision.detail);
    case 'unchanged':
      throw new Error(`what a person asked for was neither done nor refused: ${decision.why}`);
    default:
      return unreachable(decision);
  }
}

async function describe(store: EnvironmentStore, key: EnvironmentKey): Promise<EnvironmentAnswer> {
  const [environment, history] = await Promise.all([store.read(key), store.audit(key, 50)]);
  if (!environment) throw missing(key);
  const digest = judgedDigest(environment);
  const verdict = digest && (await store.verdict(key, digest));
  return { environment, phase: phaseOf(environment), ...(verdict ? { verdict } : {}), history: [...history] };
}

function keyOf({ team, name }: { team: string; name: string }): EnvironmentKey {
  const key = parseEnvironmentId(`${team}/${name}`);
  if (!key) throw new ProblemError(404, 'Not found', `${team}/${name} is no environment's name.`);
  return key;
}

function teamOf(config: Config, key: EnvironmentKey): Team {
  const team = config.teams.find((entry) => entry.name === key.team);
  if (!team) throw new ProblemError(404, 'No such team', `There is no team ${key.team}.`);
  return team;
}

function requireMember(team: Team, person: Person): void {
  if (person.groups.includes(team.members) || person.groups.includes(team.approvers)) return;
  throw new ProblemError(
    403,
    'Not a member',
    `${person.name} is in neither ${team.members} nor ${team.approvers}.`,
  );
}

function checkBase(config: Config, spec: z.infer<typeof CreateEnvironment>['spec']): void {
  const base = config.catalog.bases.find((entry) => entry.name === spec.base);
  if (!base) {
    const names = config.catalog.bases.map((entry) => entry.name).join(', ');
    const message = `no base is called ${spec.base}; the catalog has ${names}`;
    throw new ProblemError(422, 'The request is not valid', message, [{ path: 'spec.base', message }]);
  }
  const fields = (['apt', 'pip', 'npm'] as const)
    .filter((manager) => spec.packages[manager].length > 0 && !base.takes.includes(manager))
    .map((manager) => ({
      path: `spec.packages.${manager}`,
      message: `${base.name} takes no ${manager} packages`,
    }));
  if (fields.length > 0) throw invalid(fields);
}

async function body<S extends z.ZodType>(schema: S, raw: Request): Promise<z.infer<S>> {
  let value: unknown;
  try {
    value = await raw.json();
  } catch {
    throw new ProblemError(
      400,
      'Not JSON',
      'The body is not JSON. Send an object with content-type application/json.',
    );
  }
  return valid(schema, value);
}

function valid<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })));
}

const invalid = (fields: NonNullable<Problem['fields']>) =>
  new ProblemError(
    422,
    'The request is not valid',
    fields.map(({ path, message }) => `${path || 'the body'}: ${message}`).join('; '),
    fields,
  );
const missing = (key: EnvironmentKey) =>
  new ProblemError(
    404,
    'No such environment',
    `${environmentId(key)} was not asked for yet: POST /environments.`,
  );
const exists = (key: EnvironmentKey) =>
  new ProblemError(
    409,
    'It exists',
    `${environmentId(key)} exists already: GET /environments/${environmentId(key)}.`,
  );
const notConfigured = (key: EnvironmentKey) =>
  new ProblemError(
    422,
    'No repositories',
    `${environmentId(key)} is not among the environments of the configuration.`,
  );

const problem = (status: number, title: string, detail: string): Problem => ({
  type: 'about:blank',
  title,
  status,
  detail,
});

function toProblem(error: Error): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Conflict)
    return problem(409, 'Changed meanwhile', `${error.message} Read it and try again.`);
  if (error instanceof Retryable) return problem(503, 'Try again', error.message);
  throw error;
}

const problemResponse = (body: Problem): Response =>
  new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  });
