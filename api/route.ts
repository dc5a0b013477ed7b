/**
 * A route is data: what it is for, who may, what it takes and what it answers. The app (app.ts) and the OpenAPI document
 * (openapi/) are made from the same. In which order a request is held against it, `respond` says.
 */

import type { SshSessions } from '#core/access-ports.ts';
import type { Attachments, BaseImages, BuildLogs, BuildRecords } from '#core/build-ports.ts';
import type { Config } from '#core/config.ts';
import type { JobStore } from '#core/jobs/job-ports.ts';
import type { ChunkStore, JobFileLinks } from '#core/jobs/ports.ts';
import type { Slots } from '#core/jobs/slots.ts';
import type { StandingJobs } from '#core/jobs/standing/ports.ts';
import type {
  Chronicle,
  Clock,
  Directory,
  EnvironmentStore,
  NamePlanner,
  PersonKeys,
  Reports,
  Waivers,
} from '#core/ports.ts';
import type { Buckets, KeptAnswer, RequestRef, Requests } from '#core/request-ports.ts';
import type { Person } from '#core/roles.ts';
import { type Right, whyNot } from '#core/roles.ts';
import type { KeptSnapshots } from '#core/snapshot-ports.ts';
import type { Team } from '#core/team.ts';
import type { Transfers } from '#core/transfer/ports.ts';
import * as z from '#core/zod.ts';
import type * as shown from './answers.ts';
import type { DeadLetterDeps } from './dead-letters.ts';
import { headersOf } from './headers.ts';
import { IdempotencyKey, once } from './idempotency.ts';
import { fieldsOf, invalidParts, ProblemError, refused } from './problem.ts';
import { takeToken } from './rate.ts';

/** What routes need of the world. */
export interface ApiDeps extends DeadLetterDeps {
  readonly store: EnvironmentStore & Directory & Chronicle;
  readonly buckets: Buckets;
  readonly requests: Requests;
  readonly keys: PersonKeys;
  readonly sessions: Pick<SshSessions, 'list'>;
  readonly bases: BaseImages;
  readonly attachments: Attachments;
  readonly buildLogs: BuildLogs;
  readonly buildRecords: Pick<BuildRecords, 'read'>;
  readonly names: NamePlanner;
  readonly waivers: Waivers;
  readonly snapshots: KeptSnapshots;
  readonly transfers: Transfers;
  readonly reports: Pick<Reports, 'link'>;
  readonly jobs: JobStore;
  readonly standing: StandingJobs;
  readonly chunks: Pick<ChunkStore, 'list' | 'runs'>;
  readonly slots: Pick<Slots, 'wanted' | 'seen'>;
  readonly jobFiles: JobFileLinks;
  /** Where datasets of teams lie, and what jobs make. */
  readonly jobBucket: string;
  readonly config: Config;
  readonly clock: Clock;
  /** So many bytes that nobody can foretell, in hexadecimal. */
  readonly random: (bytes: number) => string;
}

/** A request as it came, before anything of it was looked at. */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Path and query. */
  readonly url: string;
  readonly header: (name: string) => string | undefined;
  readonly text: () => string;
  /** Told by the gateway. */
  readonly person: () => Person;
  readonly requestId: string | undefined;
}

interface Asked<P, H, Q, B> {
  readonly params: P;
  readonly headers: H;
  readonly query: Q;
  readonly body: B;
  readonly person: Person;
  readonly requestId: string | undefined;
  /** Of a POST: what is written with its change, so that it is done once. */
  readonly request: RequestRef | undefined;
}

/** By name: the function, which makes answers, does not load their schemas. */
type Shown = typeof shown;
export type AnswerName = { [N in keyof Shown]: Shown[N] extends z.ZodMiniType ? N : never }[keyof Shown];
type Answers = Readonly<Record<number, AnswerName>>;
/** One of the statuses that the route names, with what it promises for it. */
type AnswerOf<A extends Answers> = {
  [S in keyof A & number]: {
    readonly status: S;
    readonly body: z.output<Shown[A[S]]>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof A & number];

/** Who may: everybody, without a token; whoever has a token; or who has the right in the team of the path or body. */
type Who = 'everybody' | 'signed-in' | Right;

/** What a route that takes nothing of the kind has in that place. */
export const none = z.strictObject({});
export const noBody = z.undefined();

/** What the document needs to know of a route. */
export interface RouteData {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/environments/{team}/{name}`. */
  readonly path: `/${string}`;
  /** Names the operation. */
  readonly name: string;
  readonly summary: string;
  readonly who: Who;
  readonly params: z.ZodMiniObject;
  readonly headers: z.ZodMiniObject;
  readonly query: z.ZodMiniObject;
  readonly body: z.ZodMiniType;
  readonly answers: Answers;
  /** Statuses of problems that it may answer beside those that its kind of route may. */
  readonly problems?: readonly number[];
}

export interface Route extends RouteData {
  readonly respond: (raw: RawRequest, deps: ApiDeps) => Promise<KeptAnswer>;
}

interface Definition<
  P extends z.ZodMiniObject,
  H extends z.ZodMiniObject,
  Q extends z.ZodMiniObject,
  B extends z.ZodMiniType,
  A extends Answers,
> extends RouteData {
  readonly params: P;
  readonly headers: H;
  readonly query: Q;
  readonly body: B;
  readonly answers: A;
  readonly answer: (
    asked: Asked<z.output<P>, z.output<H>, z.output<Q>, z.output<B>>,
    deps: ApiDeps,
  ) => Promise<AnswerOf<NoInfer<A>>>;
}

export function route<
  P extends z.ZodMiniObject,
  H extends z.ZodMiniObject,
  Q extends z.ZodMiniObject,
  B extends z.ZodMiniType,
  const A extends Answers,
>({ answer, ...data }: Definition<P, H, Q, B, A>): Route {
  const isOnce = data.method === 'POST';
  return {
    ...data,
    headers: isOnce ? z.extend(data.headers, IdempotencyKey.shape) : data.headers,
    /** A stranger learns nothing of a team: who may is settled as soon as the team is known. */
    respond: async (raw, deps) => {
      const { who } = data;
      const params = paramsOf(data.params, raw.params);
      const person = who === 'everybody' ? nobody : raw.person();
      const enter = async (team: string | undefined) => {
        allow(who, person, deps.config, team);
        if (who !== 'everybody') await takeToken(deps, person, team);
      };
      const team = teamIn(params);
      const isLate = team === undefined && isOfTeam(who);
      if (!isLate) await enter(team);
      const headers = headersOf(data.headers, raw.header);
      const key = isOnce ? headersOf(IdempotencyKey, raw.header)['idempotency-key'] : undefined;
      const text = takesNothing(data.body) ? '' : raw.text();
      const { query, body } = contentOf(data, raw.query, text);
      if (isLate) await enter(teamIn(body));
      const request = key === undefined ? undefined : { person: person.name, key };
      const asked = { params, headers, query, body, person, requestId: raw.requestId, request };
      const work = async () => kept(await answer(asked, deps));
      if (!request) return work();
      return once(deps, { ref: request, asked: [data.method, raw.url, text], answer: work });
    },
  };
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
const kept = ({ status, body, headers = {} }: Answered): KeptAnswer => ({
  status,
  headers,
  body: JSON.stringify(body),
});

const nobody: Person = { name: 'nobody', groups: [] };
const teamIn = (part: unknown): string | undefined =>
  z.object({ team: z.string() }).safeParse(part).data?.team;

/** Else there is no team to find in a body. */
const isOfTeam = (who: Who): boolean => who !== 'everybody' && who !== 'signed-in' && who !== 'operate';

/** @throws 403 where the person may not, 404 where there is no such team. */
export function allow(who: Who, person: Person, config: Config, name: string | undefined): void {
  if (who === 'everybody' || who === 'signed-in') return;
  const refusal = whyNot(person, who, config, name === undefined ? undefined : teamOf(config, name));
  if (refusal) throw refused(refusal);
}

export function teamOf(config: Config, name: string): Team {
  const team = config.teams.find((entry) => entry.name === name);
  if (!team) throw new ProblemError(404, 'No such team', `There is no team ${name}.`);
  return team;
}

/** A path that can name nothing is the path of nothing. */
function paramsOf<P extends z.ZodMiniObject>(schema: P, value: RawRequest['params']): z.output<P> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = fieldsOf(parsed.error);
  const detail = fields
    .map(({ path, message }) => `${value[path] ?? path} is no ${path}: ${message}`)
    .join('; ');
  throw new ProblemError(404, 'Not found', detail, { fields });
}

/** Below the six megabytes that a function takes; a spec with all its files is about one. */
const maxBody = 2 * 1024 * 1024;

/** What is wrong with both is said at once. */
function contentOf<Q extends z.ZodMiniObject, B extends z.ZodMiniType>(
  schemas: { readonly query: Q; readonly body: B },
  asked: RawRequest['query'],
  text: string,
): { readonly query: z.output<Q>; readonly body: z.output<B> } {
  const query = schemas.query.safeParse(asked);
  const isNothing = takesNothing(schemas.body) || (text === '' && mayBeNothing(schemas.body));
  const body = schemas.body.safeParse(isNothing ? undefined : json(text));
  if (query.success && body.success) return { query: query.data, body: body.data };
  throw invalidParts([
    { fields: query.success ? [] : fieldsOf(query.error), whole: 'the query' },
    { fields: body.success ? [] : fieldsOf(body.error), whole: 'the body' },
  ]);
}

export const mayBeNothing = (schema: z.ZodMiniType): boolean => schema.safeParse(undefined).success;

/** What is sent to a route that takes no body is not looked at. */
export const takesNothing = (schema: z.ZodMiniType): boolean => schema === noBody;

function json(text: string): unknown {
  if (text.length > maxBody) {
    const detail = `The body has ${text.length} characters; ${maxBody} are taken.`;
    throw new ProblemError(413, 'Too large', detail);
  }
  try {
    return JSON.parse(text);
  } catch {
    const detail = 'The body is not JSON. Send an object with content-type application/json.';
    throw new ProblemError(400, 'Not JSON', detail);
  }
}
