/** What leaves the control plane, kept where a test can see it. */
import type { Look, Sweep } from '#core/aws-events.ts';
import { Rejected } from '#core/errors.ts';
import type { DomainEvent } from '#core/events.ts';
import type { EventBus, LookQueues, Pager, Sweeps } from '#core/ports.ts';
import type { LookStage } from '#core/reconcile.ts';

export class MemoryBus implements EventBus {
  readonly told: DomainEvent[] = [];
  /** Why an event is not taken; none is refused until a test says so. */
  refuse: (event: DomainEvent) => string | undefined = () => undefined;

  async tell(events: readonly DomainEvent[]): Promise<readonly (string | undefined)[]> {
    const reasons = events.map((event) => this.refuse(event) ?? tooLarge(event));
    this.told.push(...events.filter((_, i) => reasons[i] === undefined));
    return reasons;
  }
}

/** PutEvents' own limit. */
const tooLarge = (event: DomainEvent): string | undefined =>
  JSON.stringify(event).length > 256 * 1024
    ? 'ValidationException: total size of the entries in the request is over the limit'
    : undefined;

export interface SentLook {
  readonly stage: LookStage;
  readonly cluster: string;
  readonly look: Look;
  readonly delaySeconds: number;
}

export class MemoryLooks implements LookQueues {
  readonly sent: SentLook[] = [];
  /** Clusters that have a deployer; every one until a test says so. */
  clusters: readonly string[] | undefined;
  /** Called before a look is taken: a test throws here for a queue that does not answer. */
  before: (look: SentLook) => void = () => undefined;

  async send(stage: LookStage, cluster: string, look: Look, delaySeconds: number): Promise<void> {
    const sent = { stage, cluster, look, delaySeconds };
    this.before(sent);
    if (this.clusters && !this.clusters.includes(cluster))
      throw new Rejected(`No queue for looks of ${stage} in cluster ${cluster} is configured.`);
    if (delaySeconds > 900)
      throw new Rejected(`A queue keeps a look for 900 s at most, not for ${delaySeconds}.`);
    this.sent.push(sent);
  }
}

export class MemorySweeps implements Sweeps {
  readonly sent: Sweep[] = [];

  async send(sweep: Sweep): Promise<void> {
    this.sent.push(sweep);
  }
}

type Notice = Parameters<Pager['tell']>[0];

export class MemoryPager implements Pager {
  readonly notices: Notice[] = [];

  async tell(notice: Notice): Promise<void> {
    this.notices.push(notice);
  }
}
