/** An environment that goes to another team, as people ask for it: offered, accepted, refused, taken back, at any instant and by whom may not. */
import { type EnvironmentKey, environmentId, type TeamName } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import { successorOf } from '#core/transfer/transfer.ts';
import type { Cloud } from './cloud.ts';
import type { FaultKind } from './faults.ts';
import { ask, type Call } from './life.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';

/** Of the seeds without data jobs. */
const share = 0.3;
const tries = 5;
/** Two images are built, judged and approved, one after the other. */
const tendedSeconds = 1500;

/** @returns what the rest of it goes by. */
export const transferOf = (random: Random): Random | undefined => (random.chance(share) ? random : undefined);

export function planTransfer(cloud: Cloud, people: People, random: Random, seconds: number): void {
  const from = random.pick(people.keys);
  const others = people.config.teams.filter(({ name }) => name !== from.team);
  new Story(cloud, people, random, { from, to: random.pick(others).name }).plan(seconds);
}

interface Ends {
  readonly from: EnvironmentKey;
  readonly to: TeamName;
}

class Story {
  readonly #cloud: Cloud;
  readonly #people: People;
  readonly #random: Random;
  readonly #ends: Ends;
  readonly #heir: EnvironmentKey;

  constructor(cloud: Cloud, people: People, random: Random, ends: Ends) {
    this.#cloud = cloud;
    this.#people = people;
    this.#random = random;
    this.#ends = ends;
    this.#heir = successorOf(ends);
    people.heirs.push(this.#heir);
  }

  plan(seconds: number): void {
    const random = this.#random;
    const { from } = this.#ends;
    const people = this.#people;
    const offered = random.between(100, seconds);
    const until = seconds + tendedSeconds;
    for (let at = offered, i = 0; i < 3; i++, at += random.between(100, 600))
      this.#at(at, from, this.#giver(), this.#offer());
    if (random.chance(0.2))
      this.#at(offered - random.between(0, 30), from, people.member(from.team), this.#offer());
    for (let at = offered + random.between(1, 60); at < until; at += random.between(20, 120))
      this.#cloud.timeline.in(at, `${from.name}: a look at what is offered`, () => this.#consider());
    if (random.chance(0.25))
      this.#cloud.timeline.in(offered + random.between(1, 1500), 'an offer is taken back', () =>
        this.#end('offer withdrawn'),
      );
    if (random.chance(0.1))
      this.#cloud.timeline.in(offered + random.between(1, 1500), 'an offer is refused', () =>
        this.#end('offer refused'),
      );
    people.tend(this.#heir, random, offered, until);
    this.#meddle(offered, until);
  }

  /** What may come between, on either side. */
  #meddle(offered: number, until: number): void {
    const random = this.#random;
    const { from, to } = this.#ends;
    const some = (probability: number, key: EnvironmentKey, call: Call): void => {
      const when = random.between(offered, until);
      if (random.chance(probability)) this.#at(when, key, this.#people.member(key.team), call);
    };
    some(0.1, this.#heir, { kind: 'deleted', method: 'DELETE' });
    some(0.15, this.#heir, { kind: 'stopped', path: '/stop' });
    some(0.15, this.#heir, { kind: 'started', path: '/start' });
    some(0.1, from, { kind: 'stopped', path: '/stop' });
    some(0.1, from, { kind: 'deleted', method: 'DELETE' });
    // Nobody of the other team may do anything with it.
    if (random.chance(0.1))
      this.#at(random.between(offered, until), from, this.#people.member(to), {
        kind: 'deleted',
        method: 'DELETE',
      });
  }

  #giver = (): Person => this.#people.approver(this.#ends.from.team, 2);
  #taker = (): Person => this.#people.approver(this.#ends.to, 3);
  #offer = (): Call => ({ kind: 'offered', path: '/transfer', body: { to: this.#ends.to } });

  #at(seconds: number, key: EnvironmentKey, person: Person, call: Call): void {
    this.#cloud.timeline.in(seconds, `${environmentId(key)}: ${call.kind}`, () =>
      ask(this.#cloud, person, key, call),
    );
  }

  /** By who may, by who offered it, and now and then by another than it is for. */
  async #consider(): Promise<void> {
    const random = this.#random;
    const isWorth = random.chance(0.7);
    const wrong = random.chance(0.2);
    const other = random.pick(this.#people.config.clusters).name;
    const cluster = random.chance(0.5) ? other : undefined;
    const known = await this.#cloud.store.transfers.read(this.#ends.from);
    if (known?.state !== 'offered' || !isWorth) return;
    const { team, name } = this.#ends.from;
    const path = `/teams/${this.#ends.to}/transfers/${team}/${name}/acceptance`;
    const body = cluster === undefined ? {} : { cluster };
    // Who is in both teams does not do both.
    const both = { ...this.#giver(), groups: [...this.#giver().groups, ...this.#taker().groups] };
    const person = wrong ? random.pick([both, this.#people.member(this.#ends.to)]) : this.#taker();
    await this.#send('offer accepted', person, path, body, 'POST');
  }

  #end(kind: 'offer withdrawn' | 'offer refused'): Promise<void> {
    const { from, to } = this.#ends;
    const path =
      kind === 'offer withdrawn'
        ? `/environments/${environmentId(from)}/transfer`
        : `/teams/${to}/transfers/${environmentId(from)}`;
    return this.#send(
      kind,
      kind === 'offer withdrawn' ? this.#giver() : this.#taker(),
      path,
      undefined,
      'DELETE',
    );
  }

  async #send(
    kind: FaultKind,
    person: Person,
    path: string,
    body: unknown,
    method: 'POST' | 'DELETE',
    tried = 0,
  ): Promise<void> {
    const { store, front, faults, timeline } = this.#cloud;
    const known = await store.transfers.read(this.#ends.from);
    if (!known) return;
    const headers = {
      'if-match': `"${known.version}"`,
      'idempotency-key': `${kind.replaceAll(' ', '-')}-${known.version}-${person.name}`,
    };
    const status = await front.api(person, path, body, headers, method);
    if (status !== undefined && status < 300) faults.count(kind);
    if (status === 403) faults.count('refused transfer');
    const isWorthATry = status === undefined || status === 412 || status >= 500;
    if (isWorthATry && tried + 1 < tries)
      timeline.in(3, `${kind}, again`, () => this.#send(kind, person, path, body, method, tried + 1));
  }
}
