/** The typed client that the CLI uses: what it sends and what it gets are the API's own schemas. */
import { parse } from '#core/errors.ts';
import type * as z from '#core/zod.ts';
import {
  BuildLogAnswer,
  CatalogAnswer,
  CostAnswer,
  CreateEnvironment,
  DlqAnswer,
  DlqsAnswer,
  EnvironmentAnswer,
  EnvironmentsAnswer,
  ImagesAnswer,
  KeyAnswer,
  KeysAnswer,
  NamePlanAnswer,
  PlanAnswer,
  Problem,
  RedriveAnswer,
  type RedriveRequest,
  ReportAnswer,
  TraceAnswer,
  UsageAnswer,
  ZonePlanAnswer,
} from '../schemas.ts';

export { explain } from '#core/verdict.ts';
export type {
  BuildLogAnswer,
  CatalogAnswer,
  CostAnswer,
  CreateEnvironment,
  DlqAnswer,
  DlqsAnswer,
  EnvironmentAnswer,
  EnvironmentsAnswer,
  ImagesAnswer,
  KeyAnswer,
  KeysAnswer,
  NamePlanAnswer,
  PlanAnswer,
  RedriveAnswer,
  ReportAnswer,
  TraceAnswer,
  UsageAnswer,
  ZonePlanAnswer,
} from '../schemas.ts';

/** @throws what is wrong with it, field by field, before it is sent. */
export const parseRequest = (request: unknown, where: string): CreateEnvironment =>
  parse(CreateEnvironment, request, where);

/** The API said no, and why. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.title} (${problem.status}): ${problem.detail}`);
    this.problem = problem;
  }
}

export interface ClientOptions {
  /** The stage's address, with or without a slash at its end. */
  readonly api: string;
  readonly token: string;
}

export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  create(environment: z.input<typeof CreateEnvironment>): Promise<EnvironmentAnswer> {
    return this.#environment('POST', '/environments', environment);
  }

  /** @param id `team/name` */
  get(id: string): Promise<EnvironmentAnswer> {
    return this.#environment('GET', `/environments/${id}`);
  }

  /** The whole spec: what is left out is as for a new one. @param version that was read; without it the newest. */
  change(id: string, spec: CreateEnvironment['spec'], version?: number): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'PUT', `/environments/${id}`, { spec }, version);
  }

  rebuild(id: string, useCache = false): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'POST', `/environments/${id}/builds`, { useCache });
  }

  stop(id: string): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'POST', `/environments/${id}/stop`);
  }

  start(id: string): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'POST', `/environments/${id}/start`);
  }

  delete(id: string): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'DELETE', `/environments/${id}`);
  }

  /** A digest is what people decide on: that the environment was written meanwhile changes nothing of it. */
  approve(id: string, digest: string): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'POST', `/environments/${id}/approvals`, { digest });
  }

  reject(id: string, digest: string, reason: string): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'POST', `/environments/${id}/rejections`, { digest, reason });
  }

  catalog(): Promise<CatalogAnswer> {
    return this.#call(CatalogAnswer, 'catalog', 'GET', '/catalog');
  }

  /** What `create` would do, were there none of that name. */
  plan(environment: z.input<typeof CreateEnvironment>): Promise<PlanAnswer> {
    return this.#call(PlanAnswer, 'plan', 'POST', '/environments/plan', environment);
  }

  /** The same, refused as `create` itself would be: its name is taken, it does not fit. */
  planCreate(environment: z.input<typeof CreateEnvironment>): Promise<PlanAnswer> {
    return this.#call(PlanAnswer, 'plan', 'POST', '/environments?dryRun=true', environment);
  }

  /** What would be changed of its DNS records now. */
  planName(id: string): Promise<NamePlanAnswer> {
    return this.#call(NamePlanAnswer, 'plan of a name', 'GET', `/environments/${id}/dns`);
  }

  /** What a sweep of the zone would change, all pages of it. */
  async planZone(): Promise<ZonePlanAnswer['names']> {
    const pages = await this.#pages(ZonePlanAnswer, 'plan of the zone', '/dns/plan');
    return pages.flatMap(({ names }) => names);
  }

  /** What `change` would do to what is there now. */
  async planChange(id: string, spec: CreateEnvironment['spec']): Promise<PlanAnswer> {
    const { version } = (await this.get(id)).environment;
    const path = `/environments/${id}?dryRun=true`;
    return this.#call(PlanAnswer, 'plan', 'PUT', path, { spec }, { 'if-match': `"${version}"` });
  }

  cost(id: string): Promise<CostAnswer> {
    return this.#call(CostAnswer, 'cost', 'GET', `/environments/${id}/cost`);
  }

  images(id: string): Promise<ImagesAnswer> {
    return this.#call(ImagesAnswer, 'list of images', 'GET', `/environments/${id}/images`);
  }

  report(id: string, digest: string): Promise<ReportAnswer> {
    return this.#call(ReportAnswer, 'report', 'GET', `/environments/${id}/images/${digest}/report`);
  }

  /** A page of what a build printed. */
  buildLog(id: string, number: number, cursor?: string): Promise<BuildLogAnswer> {
    const query = new URLSearchParams(cursor === undefined ? {} : { cursor });
    const path = `/environments/${id}/builds/${number}/log?${query}`;
    return this.#call(BuildLogAnswer, 'log', 'GET', path);
  }

  usage(team: string): Promise<UsageAnswer> {
    return this.#call(UsageAnswer, 'usage', 'GET', `/teams/${encodeURIComponent(team)}/usage`);
  }

  async list(team?: string): Promise<EnvironmentsAnswer['environments']> {
    const pages = await this.#pages(EnvironmentsAnswer, 'list', '/environments', { team });
    return pages.flatMap(({ environments }) => environments);
  }

  /** All pages of it, oldest first. */
  async trace(id: string, story?: string): Promise<TraceAnswer['steps']> {
    const pages = await this.#pages(TraceAnswer, 'story', `/environments/${id}/trace`, { story });
    return pages.flatMap(({ steps }) => steps);
  }

  keys(team: string): Promise<KeysAnswer> {
    return this.#call(KeysAnswer, 'list of keys', 'GET', keysPath(team));
  }

  addKey(team: string, key: string): Promise<KeyAnswer> {
    return this.#call(KeyAnswer, 'key', 'POST', keysPath(team), { key });
  }

  revokeKey(team: string, id: string): Promise<KeyAnswer> {
    return this.#call(KeyAnswer, 'key', 'DELETE', `${keysPath(team)}/${encodeURIComponent(id)}`);
  }

  dlqs(): Promise<DlqsAnswer> {
    return this.#call(DlqsAnswer, 'list of DLQs', 'GET', '/dlqs');
  }

  dlq(name: string): Promise<DlqAnswer> {
    return this.#call(DlqAnswer, 'DLQ', 'GET', `/dlqs/${encodeURIComponent(name)}`);
  }

  /** One part of it: ask again with the answer's `before` while there is more. */
  redrive(name: string, request: RedriveRequest): Promise<RedriveAnswer> {
    const path = `/dlqs/${encodeURIComponent(name)}/redrive`;
    return this.#call(RedriveAnswer, 'account of a redrive', 'POST', path, request);
  }

  /** Reads, sends with the version that was read, and again where somebody else wrote in between. */
  async #onNewest(
    id: string,
    method: string,
    path: string,
    body?: object,
    version?: number,
  ): Promise<EnvironmentAnswer> {
    for (let tries = 1; ; tries++) {
      const expected = version ?? (await this.get(id)).environment.version;
      try {
        return await this.#call(EnvironmentAnswer, 'environment', method, path, body, {
          'if-match': `"${expected}"`,
        });
      } catch (error) {
        const isLate = error instanceof ApiError && error.problem.status === 412;
        if (!isLate || version !== undefined || tries === 5) throw error;
      }
    }
  }

  #environment(method: string, path: string, body?: unknown): Promise<EnvironmentAnswer> {
    return this.#call(EnvironmentAnswer, 'environment', method, path, body);
  }

  /** All of them, one after the other. */
  async #pages<S extends z.ZodMiniType<{ next?: string | undefined }>>(
    schema: S,
    what: string,
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
  ): Promise<z.infer<S>[]> {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, value);
    const pages: z.infer<S>[] = [];
    for (;;) {
      const page = await this.#call(schema, what, 'GET', `${path}?${asked}`);
      pages.push(page);
      if (page.next === undefined) return pages;
      asked.set('cursor', page.next);
    }
  }

  async #call<S extends z.ZodMiniType>(
    schema: S,
    what: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<z.infer<S>> {
    const { api } = this.#options;
    const answer = await this.#fetch(method, path, body, headers);
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(problemOf(answer.status, text));
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const detail = `${api} answered ${method} ${path} with no ${what}. Is it the address of the API, of this version?`;
      throw new Error(detail, { cause });
    }
  }

  /** What got no answer is sent again: under its key a POST is done once. */
  async #fetch(method: string, path: string, body: unknown, more: Readonly<Record<string, string>>) {
    const { api, token } = this.#options;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
      ...more,
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    for (let tries = 1; ; tries++) {
      try {
        const answer = await fetch(`${api.replace(/\/$/, '')}${path}`, init);
        if (answer.status !== 503 || tries === 3) return answer;
      } catch (error) {
        if (tries === 3) throw new Error(`${api} did not answer: ${reasonOf(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, tries * 200));
    }
  }
}

const keysPath = (team: string): string => `/teams/${encodeURIComponent(team)}/keys`;

/** `fetch` says that it failed, its cause says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the gateway itself refuses (401, 429) is no problem document: its text is the detail. */
function problemOf(status: number, text: string): Problem {
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    return { type: 'about:blank', title: 'The gateway refused', status, detail: text.slice(0, 300) };
  }
}
