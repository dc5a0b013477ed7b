/** The typed client that the CLI uses: what it sends and what it gets are the API's own schemas. */
import { parse } from '#core/errors.ts';
import type * as z from '#core/zod.ts';
import {
  BuildAnswer,
  BuildLogAnswer,
  CatalogAnswer,
  CostAnswer,
  DlqAnswer,
  DlqsAnswer,
  EnvironmentAnswer,
  EnvironmentsAnswer,
  HealthAnswer,
  ImagesAnswer,
  KeyAnswer,
  KeysAnswer,
  NamePlanAnswer,
  PlanAnswer,
  RedriveAnswer,
  ReportAnswer,
  SessionsAnswer,
  TraceAnswer,
  UsageAnswer,
  ZonePlanAnswer,
} from '../answers.ts';
import { CreateEnvironment, type RedriveRequest } from '../schemas.ts';
import { JobsClient } from './jobs.ts';
import { SnapshotsClient } from './snapshots.ts';
import { StandingJobsClient } from './standing-jobs.ts';
import { TransfersClient } from './transfers.ts';
import { ApiError, type ClientOptions, type Transport, transport } from './transport.ts';
import { WaiversClient } from './waivers.ts';

export { explain } from '#core/verdict.ts';
export type {
  BuildAnswer,
  BuildLogAnswer,
  CatalogAnswer,
  CostAnswer,
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
  SessionsAnswer,
  TraceAnswer,
  UsageAnswer,
  ZonePlanAnswer,
} from '../answers.ts';
export type { CreateEnvironment } from '../schemas.ts';
export { ApiError } from './transport.ts';

/** @throws what is wrong with it, field by field, before it is sent. */
export const parseRequest = (request: unknown, where: string): CreateEnvironment =>
  parse(CreateEnvironment, request, where);

export class Client {
  readonly #call: Transport['call'];
  readonly #pages: Transport['pages'];
  readonly jobs: JobsClient;
  readonly snapshots: SnapshotsClient;
  readonly waivers: WaiversClient;
  readonly standingJobs: StandingJobsClient;
  readonly transfers: TransfersClient;

  constructor(options: ClientOptions) {
    const sender = transport(options);
    ({ call: this.#call, pages: this.#pages } = sender);
    this.jobs = new JobsClient(sender);
    this.snapshots = new SnapshotsClient(sender);
    this.waivers = new WaiversClient(sender);
    this.standingJobs = new StandingJobsClient(sender);
    this.transfers = new TransfersClient(sender, (id, send) => this.#asRead(id, send));
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

  /** @param ttl for this time; without it as long as its spec says. */
  extend(id: string, ttl?: string): Promise<EnvironmentAnswer> {
    return this.#onNewest(id, 'POST', `/environments/${id}/extension`, ttl === undefined ? {} : { ttl });
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

  health(): Promise<z.output<typeof HealthAnswer>> {
    return this.#call(HealthAnswer, 'health', 'GET', '/health');
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

  /** How long each of its steps took. */
  build(id: string, number: number): Promise<BuildAnswer> {
    return this.#call(BuildAnswer, 'build', 'GET', `/environments/${id}/builds/${number}`);
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

  /** The newest first, as many as asked for. */
  async sessions(id: string, limit: number): Promise<SessionsAnswer['sessions']> {
    const [team = '', name = ''] = id.split('/').map(encodeURIComponent);
    const path = `/teams/${team}/environments/${name}/sessions`;
    const found: SessionsAnswer['sessions'] = [];
    let next: string | undefined;
    do {
      const query = new URLSearchParams(next === undefined ? {} : { cursor: next });
      const page: SessionsAnswer = await this.#call(
        SessionsAnswer,
        'list of sessions',
        'GET',
        `${path}?${query}`,
      );
      found.push(...page.sessions);
      next = page.next;
    } while (next !== undefined && found.length < limit);
    return found.slice(0, limit);
  }

  /** All pages of them. */
  async keys(team: string): Promise<KeysAnswer> {
    const pages = await this.#pages(KeysAnswer, 'list of keys', keysPath(team));
    return { keys: pages.flatMap(({ keys }) => keys) };
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

  #onNewest(
    id: string,
    method: string,
    path: string,
    body?: object,
    version?: number,
  ): Promise<EnvironmentAnswer> {
    const send = (at: number) =>
      this.#call(EnvironmentAnswer, 'environment', method, path, body, { 'if-match': `"${at}"` });
    return version === undefined ? this.#asRead(id, send) : send(version);
  }

  /** Reads, sends with the version that was read, and again where somebody else wrote in between. */
  async #asRead<T>(id: string, send: (version: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const { version } = (await this.get(id)).environment;
      try {
        return await send(version);
      } catch (error) {
        const isLate = error instanceof ApiError && error.problem.status === 412;
        if (!isLate || tries === 5) throw error;
      }
    }
  }

  #environment(method: string, path: string, body?: unknown): Promise<EnvironmentAnswer> {
    return this.#call(EnvironmentAnswer, 'environment', method, path, body);
  }
}

const keysPath = (team: string): string => `/teams/${encodeURIComponent(team)}/keys`;
