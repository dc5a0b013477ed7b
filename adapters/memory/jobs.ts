/** Data jobs in memory, beside the ledgers of a store; through JSON, so that what the schema would lose is lost here too. */
import { jobOutbox } from '#adapters/aws/job-outbox.ts';
import type { Audit } from '#core/decision.ts';
import { Conflict } from '#core/errors.ts';
import { Job } from '#core/jobs/job.ts';
import type { JobChange, JobLook } from '#core/jobs/job-change.ts';
import type { JobEnclosed, JobStore } from '#core/jobs/job-ports.ts';
import type { JobKey } from '#core/jobs/slots.ts';
import { environmentId, type Instant, type TeamName } from '#core/names.ts';
import { MemoryStanding } from './standing.ts';
import { MemoryStore } from './store.ts';

export class MemoryJobs implements JobStore {
  readonly #jobs = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  /** The sparse index of the real table. */
  readonly #due = new Map<string, Instant>();
  readonly #trail = new Map<string, Audit[]>();
  readonly #store: MemoryStore;
  /** Written with the jobs that they start. */
  readonly standing: MemoryStanding;
  /** What the outbox would send. */
  readonly looks: (JobLook & { readonly job: JobKey })[] = [];

  constructor(store: MemoryStore = new MemoryStore()) {
    this.#store = store;
    this.standing = new MemoryStanding(store);
  }

  async read(key: JobKey): Promise<Job | undefined> {
    const text = this.#jobs.get(environmentId(key));
    return text === undefined ? undefined : Job.parse(JSON.parse(text));
  }

  async write(
    { job, looks, at, audit }: JobChange,
    { request, ledger, standing }: JobEnclosed = {},
  ): Promise<void> {
    const id = environmentId(job);
    const version = this.#versions.get(id) ?? 0;
    if (version !== job.version - 1) throw new Conflict(`${id} is at version ${version}.`);
    if (ledger) this.#store.expect(ledger);
    if (standing) this.standing.expect(standing);
    this.#jobs.set(id, JSON.stringify(job));
    this.#versions.set(id, job.version);
    if (job.lookAt === undefined) this.#due.delete(id);
    else this.#due.set(id, job.lookAt);
    this.looks.push(...looks.map((look) => ({ ...look, job: { team: job.team, name: job.name } })));
    if (audit) this.#trail.set(id, [...(this.#trail.get(id) ?? []), audit]);
    if (ledger) this.#store.hold(ledger);
    if (standing) this.standing.keep(standing);
    this.#store.post(jobOutbox({ job, looks, at }));
    if (request) this.#store.requests.done(request);
  }

  ledger(team: TeamName) {
    return this.#store.ledger(team);
  }

  async list(team: TeamName, before: string | undefined, limit: number) {
    const found = this.#all()
      .filter((job) => job.team === team && (before === undefined || job.name < before))
      .sort((a, b) => (a.name < b.name ? 1 : -1));
    return { jobs: found.slice(0, limit), more: found.length > limit };
  }

  async due(now: Instant, limit: number) {
    const due = [...this.#due].filter(([, lookAt]) => lookAt <= now).sort(([, a], [, b]) => (a < b ? -1 : 1));
    const texts = due.slice(0, limit).map(([id]) => this.#jobs.get(id) ?? '{}');
    return { jobs: texts.map((text) => Job.parse(JSON.parse(text))), unreadable: [] };
  }

  async audit(key: JobKey, limit: number) {
    return (this.#trail.get(environmentId(key)) ?? []).slice(-limit);
  }

  #all = (): Job[] => [...this.#jobs.values()].map((text) => Job.parse(JSON.parse(text)));
}
