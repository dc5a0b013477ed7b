/** Messages on their way: the bus, queues that bring again what failed, and what is left in their DLQs. */
import { attempts as attemptsOfQueue } from '#core/attempts.ts';
import { type Handle, handleRecord } from '#lambdas/runtime/queue.ts';
import type { Envelope } from '../lambdas/event-pattern.ts';
import { sqsRecord } from '../lambdas/events.ts';
import { type QueueStage, takersOf } from '../lambdas/stages.ts';
import type { Invocation } from './faults.ts';
import type { Functions, Setting } from './functions.ts';

export interface DeadLetter {
  readonly stage: QueueStage;
  readonly cluster: string;
  readonly body: string;
  /** Undefined where SQS moved it after five attempts. */
  readonly reason: string | undefined;
}
interface Message {
  readonly stage: QueueStage;
  readonly cluster: string;
  readonly body: string;
  readonly attempts: number;
}
/** The stage that takes it, as it is of that cluster. */
export type HandleOf = (stage: QueueStage, cluster: string, invocation: Invocation) => Handle;

export class Deliveries {
  readonly dead: DeadLetter[] = [];
  readonly #setting: Setting;
  readonly #functions: Functions;
  readonly #handleOf: HandleOf;
  #messages = 0;
  #events = 0;

  constructor(setting: Setting, functions: Functions, handleOf: HandleOf) {
    this.#setting = setting;
    this.#functions = functions;
    this.#handleOf = handleOf;
  }

  /**
   * EventBridge: to each stage whose rule takes it, once, twice or not at all, soon or late.
   * @returns how many messages there are of it.
   */
  emit(event: Envelope, cluster: string): number {
    const { faults, random } = this.#setting;
    // Its own are counted over all stories.
    const id = `e-${this.#events++}`;
    let sent = 0;
    for (const stage of takersOf(event)) {
      if (faults.strikes('event lost', 2)) continue;
      const copies = faults.strikes('event doubled', 2) ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        const late = faults.strikes('event delayed', 2) ? random.between(5, 400) : 0;
        this.queue(stage, cluster, { ...event, id }, random.between(0.05, 1) + late);
        sent++;
      }
    }
    return sent;
  }

  queue(stage: QueueStage, cluster: string, message: unknown, delaySeconds: number): void {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    this.#deliverIn(delaySeconds, { stage, cluster, body, attempts: 0 });
  }

  #deliverIn(seconds: number, message: Message): void {
    const { stage, cluster, body } = message;
    const what = `${stage}@${cluster} ← ${body.slice(0, 160)}`;
    this.#setting.timeline.in(seconds, what, () => this.#deliver(message));
  }

  async #deliver(message: Message): Promise<void> {
    const { stage, cluster, body, attempts } = message;
    const end = await this.#functions.run(stage, async (invocation) => {
      const refused = (_: unknown, reason: string) => this.#bury({ stage, cluster, body, reason });
      const handle = this.#handleOf(stage, cluster, invocation);
      // Its clock is its own: nobody waits in ours.
      const pause = async () => undefined;
      await handleRecord(sqsRecord(body, `m-${this.#messages++}`), handle, { refuse: refused, pause });
    });
    if (end === undefined) return;
    this.#setting.trace(`  ${stage} failed: ${end}`);
    if (attempts + 1 >= attemptsOfQueue) await this.#bury({ stage, cluster, body, reason: undefined });
    else this.#deliverIn(this.#setting.random.between(60, 120), { ...message, attempts: attempts + 1 });
  }

  async #bury(letter: DeadLetter): Promise<void> {
    this.#setting.trace(`  DLQ of ${letter.stage}: ${letter.reason ?? 'five attempts'}`);
    this.dead.push(letter);
  }

  /** What an operator does once the cause is gone. */
  redrive(): void {
    for (const { stage, cluster, body, reason } of this.dead.splice(0)) {
      if (reason === undefined) this.queue(stage, cluster, body, this.#setting.random.between(0, 5));
      else this.dead.push({ stage, cluster, body, reason });
    }
  }
}
