/** Waivers as people make them by the API: proposed by one, approved by another or by nobody, over or withdrawn some time later. */
import type { TeamName } from '#core/names.ts';
import { addSeconds, type EnvironmentKey } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import type { KeptWaiver } from '#core/waiver.ts';
import type { Cloud } from './cloud.ts';
import type { FaultKind } from './faults.ts';
import type { Random } from './random.ts';

/** Of half the teams. */
const share = 0.5;
const tries = 4;
const security = (n: number): Person => ({ name: `security-${n}`, groups: ['getschwifty-security'] });

export function planWaivers(
  cloud: Cloud,
  keys: readonly EnvironmentKey[],
  random: Random,
  seconds: number,
): void {
  for (const key of keys) if (random.chance(share)) new Story(cloud, key, random).plan(seconds);
}

class Story {
  readonly #cloud: Cloud;
  readonly #key: EnvironmentKey;
  readonly #random: Random;

  constructor(cloud: Cloud, key: EnvironmentKey, random: Random) {
    this.#cloud = cloud;
    this.#key = key;
    this.#random = random;
  }

  plan(seconds: number): void {
    const random = this.#random;
    const { team, name } = this.#key;
    const proposed = random.between(30, seconds);
    const wish = {
      // One of both findings that no rebuild cures (nature.ts).
      cve: random.pick(['CVE-3', 'CVE-4']),
      ...(random.chance(0.5) ? { environment: name } : {}),
      reason: 'not reachable from outside',
    };
    const lasts = random.chance(0.4) ? 86_400 : random.between(200, 2500);
    this.#at(proposed, 'waiver proposed', () =>
      this.#send(1, `/teams/${team}/waivers`, 'propose', {
        ...wish,
        expiresAt: addSeconds(this.#cloud.timeline.now(), Math.round(lasts)),
      }),
    );
    if (random.chance(0.3))
      this.#at(proposed + random.between(5, 200), 'waiver refused', () => this.#turn(1, 'approvals'));
    if (random.chance(0.85))
      this.#at(proposed + random.between(5, 300), 'waiver approved', () => this.#turn(2, 'approvals'));
    if (random.chance(0.4))
      this.#at(proposed + random.between(60, 1500), 'waiver withdrawn', () => this.#turn(3, undefined));
  }

  /** Until the API has answered. */
  #at(seconds: number, kind: FaultKind, ask: () => Promise<number | undefined>, tried = 0): void {
    const { timeline, faults } = this.#cloud;
    timeline.in(seconds, `${this.#key.team}: ${kind}`, async () => {
      const status = await ask();
      const isDone = status !== undefined && (kind === 'waiver refused' ? status === 403 : status < 300);
      if (isDone) faults.count(kind);
      const isWorthATry = status === undefined || status === 412 || status >= 500;
      if (isWorthATry && tried + 1 < tries) this.#at(3, kind, ask, tried + 1);
    });
  }

  async #turn(by: number, below: 'approvals' | undefined): Promise<number | undefined> {
    const { team } = this.#key;
    const waiver = await this.#newest(team);
    if (!waiver) return 404;
    const path = `/teams/${team}/waivers/${waiver.id}${below ? `/${below}` : ''}`;
    const named = `${below ?? 'withdraw'}-${waiver.id}-${waiver.version}`;
    return this.#send(by, path, named, undefined, below ? 'POST' : 'DELETE', waiver.version);
  }

  #newest = async (team: TeamName): Promise<KeptWaiver | undefined> =>
    (await this.#cloud.waivers.list(team)).toSorted((a, b) => (a.proposedAt < b.proposedAt ? 1 : -1))[0];

  #send(
    by: number,
    path: string,
    named: string,
    body: unknown,
    method?: 'POST' | 'DELETE',
    version?: number,
  ): Promise<number | undefined> {
    const headers = {
      'idempotency-key': `${named}-${this.#key.name}`,
      ...(version === undefined ? {} : { 'if-match': `"${version}"` }),
    };
    return this.#cloud.front.api(security(by), path, body, headers, method);
  }
}
