/** Which notices are being told, and which were, in memory. */
import type { Notice } from '#core/incident.ts';
import { type EnvironmentKey, environmentId, type Instant } from '#core/names.ts';
import type { Notices } from '#core/ports.ts';

interface Taken {
  readonly until: Instant;
  readonly told: boolean;
}

export class MemoryNotices implements Notices {
  readonly #notices = new Map<string, Taken>();

  async take(key: EnvironmentKey, notice: Notice, now: Instant, until: Instant): ReturnType<Notices['take']> {
    const known = this.#notices.get(idOf(key, notice));
    if (known?.told) return 'told';
    if (known && known.until > now) return 'taken';
    this.#notices.set(idOf(key, notice), { until, told: false });
    return 'yours';
  }

  async told(key: EnvironmentKey, notice: Notice, now: Instant): Promise<void> {
    this.#notices.set(idOf(key, notice), { until: now, told: true });
  }
}

const idOf = (key: EnvironmentKey, { incident, state }: Notice): string =>
  `${environmentId(key)} ${incident.id} ${state}`;
