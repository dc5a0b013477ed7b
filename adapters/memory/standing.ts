/** Standing jobs in memory; through JSON, so that what the schema would lose is lost here too. */
import { standingOutbox, turnedMeanwhile } from '#adapters/aws/standing-items.ts';
import type { Audit } from '#core/decision.ts';
import { Conflict } from '#core/errors.ts';
import type { StandingKey } from '#core/jobs/standing/cause.ts';
import type { StandingChange, StandingJobs } from '#core/jobs/standing/ports.ts';
import { isLive, Standing } from '#core/jobs/standing/standing.ts';
import { environmentId, type Instant, type TeamName } from '#core/names.ts';
import type { RequestRef } from '#core/request-ports.ts';
import { MemoryStore } from './store.ts';

export class MemoryStanding implements StandingJobs {
  readonly #standing = new Map<string, string>();
  readonly #trail = new Map<string, Audit[]>();
  readonly #store: MemoryStore;

  constructor(store: MemoryStore = new MemoryStore()) {
    this.#store = store;
  }

  async read(key: StandingKey): Promise<Standing | undefined> {
    return this.#stored(key);
  }

  async write(
    change: StandingChange,
    { request }: { readonly request?: RequestRef | undefined } = {},
  ): Promise<void> {
    this.expect(change);
    this.keep(change);
    if (request) this.#store.requests.done(request);
  }

  /** @throws Conflict where it is no longer what was read. */
  expect(change: StandingChange): void {
    const { standing } = change;
    if ((this.#stored(standing)?.version ?? 0) !== standing.version - 1)
      throw new Conflict(turnedMeanwhile(change));
  }

  keep(change: StandingChange): void {
    const { standing, audit } = change;
    const id = environmentId(standing);
    this.#standing.set(id, JSON.stringify(standing));
    if (audit) this.#trail.set(id, [...(this.#trail.get(id) ?? []), audit]);
    this.#store.post(standingOutbox(change));
  }

  async all(team: TeamName) {
    return this.#all()
      .filter((one) => one.team === team)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async due(now: Instant, limit: number) {
    const due = this.#all()
      .filter(({ lookAt }) => lookAt !== undefined && lookAt <= now)
      .sort((a, b) => ((a.lookAt ?? '') < (b.lookAt ?? '') ? -1 : 1));
    return { standing: due.slice(0, limit), unreadable: [] };
  }

  async audit(key: StandingKey, limit: number) {
    return (this.#trail.get(environmentId(key)) ?? []).slice(-limit);
  }

  #all = () => [...this.#standing.values()].map((text) => Standing.parse(JSON.parse(text))).filter(isLive);

  #stored(key: StandingKey): Standing | undefined {
    const text = this.#standing.get(environmentId(key));
    return text === undefined ? undefined : Standing.parse(JSON.parse(text));
  }
}
