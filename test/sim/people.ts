/** What people do: ask, approve, push by hand, delete, change the policy, send what nobody can read. */

import type { Config } from '#core/config.ts';
import { nameOf } from '#core/dns.ts';
import type { Environment } from '#core/environment.ts';
import { repositoryOf } from '#core/image.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { Waiver } from '#core/policy.ts';
import type { Person } from '#core/roles.ts';
import { spec } from '../contracts/samples.ts';
import type { Cloud } from './cloud.ts';
import { planLife } from './life.ts';
import type { Nature } from './nature.ts';
import type { Random } from './random.ts';

export class People {
  readonly #cloud: Cloud;
  readonly #nature: Nature;
  /** Of the environments that they ask for. */
  readonly keys: readonly EnvironmentKey[];
  /** Of those that others may come to have in their place. */
  readonly heirs: EnvironmentKey[] = [];
  #config: Config;

  constructor(cloud: Cloud, nature: Nature, config: Config, keys: readonly EnvironmentKey[]) {
    this.#cloud = cloud;
    this.keys = keys;
    this.#nature = nature;
    this.#config = config;
  }

  get config(): Config {
    return this.#config;
  }

  member = (team: string): Person => ({ name: `${team}-member`, groups: [`${team}-members`] });
  approver = (team: string, n = 1): Person => ({
    name: `${team}-approver-${n}`,
    groups: [`${team}-members`, `${team}-approvers`],
  });

  /** All that happens until `seconds` is laid out now; what it meets then is seen then. */
  plan(seconds: number): void {
    for (const key of this.keys) {
      const { random, timeline } = this.#cloud;
      const asked = random.between(0, 120);
      timeline.in(asked, `${environmentId(key)} is asked for`, () => this.#ask(key, 0));
      for (let at = asked + 60; at < seconds; at += random.between(60, 240))
        timeline.in(at, `${environmentId(key)}: somebody looks`, () => this.#look(key));
      this.#meddle(key, seconds);
      planLife(this.#cloud, this.member(key.team), key, seconds);
    }
    this.#rule(seconds);
  }

  /** Of what is asked for later: somebody looks now and then. */
  tend(key: EnvironmentKey, random: Random, from: number, until: number): void {
    for (let at = from; at < until; at += random.between(60, 240))
      this.#cloud.timeline.in(at, `${environmentId(key)}: somebody looks`, () => this.#look(key));
  }

  async #ask(key: EnvironmentKey, tries: number): Promise<void> {
    const { team, name } = key;
    const headers = { 'idempotency-key': environmentId(key).replace('/', '-') };
    const status = await this.#cloud.front.api(
      this.member(team),
      '/environments',
      { team, name, spec },
      headers,
    );
    if ((status === undefined || status >= 500) && tries < 8)
      this.#cloud.timeline.in(10, `${environmentId(key)} is asked for again`, () =>
        this.#ask(key, tries + 1),
      );
  }

  async #look(key: EnvironmentKey): Promise<void> {
    const environment = await this.#cloud.store.read(key);
    if (environment?.candidate.phase !== 'awaiting-approval') return;
    const { random, faults } = this.#cloud;
    const { digest } = environment.candidate.image;
    if (faults.happens('refused approval', 0.15))
      // Nobody of the members asked for what was accepted from another team.
      await this.#approve(
        random.pick(others(key.team).slice(this.heirs.includes(key) ? 1 : 0)),
        environment,
        digest,
      );
    if (random.chance(0.15)) return;
    if (faults.happens('rejected', 0.05)) return this.#reject(environment, digest);
    if (faults.happens('turned when approved', 0.15)) this.#nature.turn(key, digest, random.between(0, 4));
    const first = this.#approve(this.approver(key.team), environment, digest);
    if (faults.happens('two approvals at once', 0.15))
      await this.#approve(this.approver(key.team, 2), environment, digest);
    await first;
  }

  async #reject({ key, version }: Environment, digest: string): Promise<void> {
    const person = { name: 'security-1', groups: ['getschwifty-security'] };
    const headers = { 'if-match': `"${version}"`, 'idempotency-key': `reject-${version}` };
    const path = `/environments/${environmentId(key)}/rejections`;
    await this.#cloud.front.api(person, path, { digest, reason: 'its licence' }, headers);
  }

  #approve(person: Person, { key, version }: Environment, digest: string): Promise<number | undefined> {
    const headers = { 'if-match': `"${version}"`, 'idempotency-key': `${person.name}-${version}` };
    return this.#cloud.front.api(
      person,
      `/environments/${environmentId(key)}/approvals`,
      { digest },
      headers,
    );
  }

  #meddle(key: EnvironmentKey, seconds: number): void {
    const { random, timeline, faults } = this.#cloud;
    const repository = repositoryOf('candidate', key);
    const id = environmentId(key);
    const some = (probability: number) =>
      random.chance(probability) ? random.between(100, seconds) : undefined;
    const plan = (probability: number, what: string, happen: () => Promise<void> | void) => {
      const at = some(probability);
      if (at !== undefined) timeline.in(at, `${id}: ${what}`, happen);
    };
    plan(0.25, 'a push by hand', () => {
      faults.count('push by hand');
      this.#nature.push(
        key,
        this.#nature.newDigest(),
        'latest',
        random.pick(['clean', 'low', 'unfixable', 'fixable']),
      );
    });
    plan(0.15, 'a tag moves', () => {
      faults.count('tag moved');
      this.#nature.push(key, this.#nature.newDigest(), random.pick(['latest', 'build-1']), 'clean');
    });
    plan(0.15, 'an image is deleted', async () => {
      const image = imageOf(await this.#cloud.store.read(key));
      if (!image) return;
      faults.count('image deleted');
      this.#cloud.registry.delete(repository, image);
      this.#cloud.oracle.scanned(`${id} ${image}`, { status: 'missing' });
    });
    plan(0.06, "its name is somebody else's for a while", async () => {
      const { zone } = this.#cloud;
      const record = {
        name: nameOf(key, this.#config.dns.zone),
        type: 'A',
        ttl: 60,
        values: ['192.0.2.7'],
      } as const;
      if ((await zone.records([record.name])).length > 0) return;
      faults.count('name taken');
      await zone.change([{ action: 'CREATE', record }]);
      timeline.in(random.between(60, 900), `${id}: its name is given up`, () =>
        zone.change([{ action: 'DELETE', record }]),
      );
    });
    plan(0.1, 'a message that nobody can read', () => {
      faults.count('malformed message');
      this.#cloud.deliveries.queue(
        random.pick(['build', 'gate', 'promote', 'dns', 'pager']),
        '',
        random.pick(malformed),
        0,
      );
    });
  }

  /** Policy and waivers change, sometimes back. */
  #rule(seconds: number): void {
    const { random, timeline, faults } = this.#cloud;
    const [team] = this.#config.teams;
    if (!team) return;
    const change = (what: 'policy changed' | 'waiver changed', next: () => Partial<Config>) =>
      timeline.in(random.between(100, seconds), what, () => {
        faults.count(what);
        this.#config = { ...this.#config, ...next() };
        this.#cloud.functions.deploy(this.#config);
      });
    for (let i = 2; i < 4 && random.chance(0.3); i++) {
      change('policy changed', () => ({
        policy: { ...this.#config.policy, version: String(i), block: random.pick(blocks) },
      }));
    }
    if (random.chance(0.3)) change('waiver changed', () => ({ waivers: [waiverOf(team.name)] }));
    if (random.chance(0.15)) change('waiver changed', () => ({ waivers: [] }));
  }
}

const blocks: readonly Config['policy']['block'][] = [
  ['CRITICAL'],
  ['CRITICAL', 'HIGH', 'MEDIUM'],
  ['CRITICAL', 'HIGH'],
];
const malformed: readonly unknown[] = [
  'not JSON',
  { kind: 'look' },
  { id: 'x', source: 'aws.s3', 'detail-type': 'y', detail: {} },
];
const waiverOf = (team: string): Waiver =>
  Waiver.parse({
    id: 'w1',
    cve: 'CVE-4',
    team,
    author: 'security-1',
    approver: 'security-2',
    reason: 'not reachable',
    expiresAt: '2030-01-01T00:00:00.000Z',
  });

/** Who may not: who asked, another member, and an approver of another team. */
const others = (team: string): readonly Person[] => [
  { name: `${team}-member`, groups: [`${team}-members`, `${team}-approvers`] },
  { name: `${team}-member-2`, groups: [`${team}-members`] },
  { name: 'other-approver', groups: ['other-approvers'] },
];

const imageOf = (environment: Environment | undefined) =>
  environment && 'image' in environment.candidate ? environment.candidate.image.digest : undefined;
