/** What people do with an environment that exists: change it, have it built anew, stop, start, extend and delete it. */
import { causedBy, type Decision } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import type { News } from '#core/machine.ts';
import { next } from '#core/machine.ts';
import type { EnvironmentKey } from '#core/names.ts';
import type { RequestRef } from '#core/request-ports.ts';
import type { Person } from '#core/roles.ts';
import { isSame } from '#core/same.ts';
import { imagePartOf } from '#core/spec.ts';
import type * as z from '#core/zod.ts';
import { changeable, mustStand, standing } from '../asked.ts';
import { dryChange } from '../dry-run.ts';
import { described, mustChange, readAt } from '../environment.ts';
import { IfMatch } from '../headers.ts';
import { writeHolding } from '../holding.ts';
import { type ApiDeps, noBody, none, route } from '../route.ts';
import {
  AskForBuild,
  ChangeEnvironment,
  DryRunQuery,
  EnvironmentPath,
  ExtendEnvironment,
} from '../schemas.ts';
import { todayOf } from '../today.ts';

interface Asked {
  readonly params: EnvironmentKey;
  readonly headers: z.output<typeof IfMatch>;
  readonly person: Person;
  readonly requestId: string | undefined;
  readonly request: RequestRef | undefined;
}

/** Reads at the version that was named, decides, writes what the team then holds with it. What is so already is no error. */
async function done(
  { params: key, headers, requestId, request }: Asked,
  deps: ApiDeps,
  news: (environment: Environment) => Promise<News> | News,
) {
  const decide = async (): Promise<Decision> => {
    const environment = await readAt(deps.store, key, headers['if-match']);
    return next(environment, await news(environment), deps.clock.now());
  };
  const first = await decide();
  if (first.outcome !== 'unchanged')
    await writeHolding(deps, async () => causedBy(mustChange(await decide()), requestId), { request });
  return described(deps, key);
}

const common = {
  who: 'change',
  params: EnvironmentPath,
  headers: IfMatch,
  query: none,
} as const;

const change = route({
  ...common,
  method: 'PUT',
  path: '/environments/{team}/{name}',
  name: 'changeEnvironment',
  summary: 'Another spec: what goes into the image is built and judged anew, the rest is rolled out at once',
  query: DryRunQuery,
  body: ChangeEnvironment,
  answers: { 200: 'ChangeAnswer' },
  problems: [409],
  answer: async ({ body: { spec }, query: { dryRun: dry }, ...asked }, deps) => {
    const { person, params: key } = asked;
    const isBuilt = (before: Environment) => !isSame(imagePartOf(before.spec), imagePartOf(spec));
    const news: News = { kind: 'changed', spec, person };
    if (dry === 'true') {
      const before = await readAt(deps.store, key, asked.headers['if-match']);
      const basis = changeable(deps.config, before, spec);
      const decision = next(before, news, deps.clock.now());
      const stands = await (isBuilt(before) ? mustStand : standing)(deps.bases, basis);
      return { status: 200, body: await dryChange(deps, { key, spec, basis, stands }, before, decision) };
    }
    const wanted = async (before: Environment): Promise<News> => {
      const basis = changeable(deps.config, before, spec);
      if (isBuilt(before)) await mustStand(deps.bases, basis);
      return news;
    };
    return { status: 200, ...(await done(asked, deps, wanted)) };
  },
});

const rebuild = route({
  ...common,
  method: 'POST',
  path: '/environments/{team}/{name}/builds',
  name: 'rebuildEnvironment',
  summary: 'Builds the same spec once more, without the cache unless it is asked for',
  body: AskForBuild,
  answers: { 201: 'EnvironmentAnswer' },
  problems: [409],
  answer: async ({ body: { useCache }, ...asked }, deps) => {
    const { person } = asked;
    const news = { kind: 'rebuild-asked' as const, useCache, person };
    return { status: 201, ...(await done(asked, deps, () => news)) };
  },
});

const stop = route({
  ...common,
  method: 'POST',
  path: '/environments/{team}/{name}/stop',
  name: 'stopEnvironment',
  summary: 'Ends its pods and frees its quota; its name, its address and its images stay',
  body: noBody,
  answers: { 200: 'EnvironmentAnswer' },
  problems: [409],
  answer: async (asked, deps) => {
    const { person } = asked;
    return { status: 200, ...(await done(asked, deps, () => ({ kind: 'stop-asked', person }))) };
  },
});

const start = route({
  ...common,
  method: 'POST',
  path: '/environments/{team}/{name}/start',
  name: 'startEnvironment',
  summary: 'Rolls out what was stopped, where its approval still holds and the quota has room',
  body: noBody,
  answers: { 200: 'EnvironmentAnswer' },
  problems: [409],
  answer: async (asked, deps) => {
    const news = async (environment: Environment): Promise<News> => ({
      kind: 'start-asked',
      person: asked.person,
      today: await todayOf(deps, environment),
    });
    return { status: 200, ...(await done(asked, deps, news)) };
  },
});

const extend = route({
  ...common,
  method: 'POST',
  path: '/environments/{team}/{name}/extension',
  name: 'extendEnvironment',
  summary: 'Its ttl begins anew, or another one for this time: nobody is told of its end before that',
  body: ExtendEnvironment,
  answers: { 200: 'EnvironmentAnswer' },
  problems: [409],
  answer: async ({ body: { ttl }, ...asked }, deps) => {
    const news = { kind: 'extension-asked' as const, ttl, person: asked.person };
    return { status: 200, ...(await done(asked, deps, () => news)) };
  },
});

const remove = route({
  ...common,
  method: 'DELETE',
  path: '/environments/{team}/{name}',
  name: 'deleteEnvironment',
  summary:
    'Takes away all that was made for it, repositories included; its history says what went and what stayed',
  body: noBody,
  answers: { 202: 'EnvironmentAnswer' },
  problems: [409],
  answer: async (asked, deps) => {
    const { person } = asked;
    return { status: 202, ...(await done(asked, deps, () => ({ kind: 'deletion-asked', person }))) };
  },
});

export const lifecycleRoutes = [change, rebuild, stop, start, extend, remove];
