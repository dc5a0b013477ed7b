/** What leaves the control plane: events on the bus, looks on the stages' queues, notices at the pager. */
import { EventBridgeClient, PutEventsCommand, type PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Rejected } from '#core/errors.ts';
import { type DomainEvent, eventSource } from '#core/events.ts';
import type { EventBus, LookQueues, Pager } from '#core/ports.ts';

/** PutEvents takes ten entries a call. */
const entriesPerCall = 10;

export class EventBridgeBus implements EventBus {
  readonly #name: string;
  readonly #client = new EventBridgeClient({});

  constructor(name: string) {
    this.#name = name;
  }

  async tell(events: readonly DomainEvent[]): Promise<readonly (string | undefined)[]> {
    const reasons: (string | undefined)[] = [];
    for (let i = 0; i < events.length; i += entriesPerCall) {
      const some = events.slice(i, i + entriesPerCall);
      reasons.push(...(await this.#call(some)));
    }
    return reasons;
  }

  /** A call that fails is the reason of its own entries: those of the calls before it were taken. */
  async #call(events: readonly DomainEvent[]): Promise<(string | undefined)[]> {
    try {
      const command = new PutEventsCommand({ Entries: events.map((event) => this.#entry(event)) });
      const answer = await this.#client.send(command);
      return events.map((_, at) => reasonOf(answer.Entries?.[at]));
    } catch (error) {
      return events.map(() => String(error));
    }
  }

  #entry(event: DomainEvent) {
    return {
      EventBusName: this.#name,
      Source: eventSource,
      DetailType: event.type,
      Time: new Date(event.at),
      Detail: JSON.stringify(event),
    };
  }
}

const reasonOf = (entry: PutEventsResultEntry | undefined) =>
  entry?.EventId !== undefined && entry.ErrorCode === undefined
    ? undefined
    : `${entry?.ErrorCode ?? 'no answer'}: ${entry?.ErrorMessage ?? 'EventBridge does not say why'}`;

export class SqsLooks implements LookQueues {
  readonly #urlOf: (...to: Parameters<LookQueues['send']>) => string | undefined;
  readonly #client = new SQSClient({});

  /** @param urlOf the queue of a stage; the deployer's depends on the cluster. */
  constructor(urlOf: (...to: Parameters<LookQueues['send']>) => string | undefined) {
    this.#urlOf = urlOf;
  }

  async send(...to: Parameters<LookQueues['send']>): Promise<void> {
    const [stage, cluster, look, delaySeconds] = to;
    const url = this.#urlOf(...to);
    if (url === undefined)
      throw new Rejected(`No queue for looks of ${stage} in cluster ${cluster} is configured.`);
    const command = { QueueUrl: url, MessageBody: JSON.stringify(look), DelaySeconds: delaySeconds };
    await this.#client.send(new SendMessageCommand(command));
  }
}

export class SnsPager implements Pager {
  readonly #topic: string;
  readonly #client = new SNSClient({});

  constructor(topic: string) {
    this.#topic = topic;
  }

  async tell({ subject, body }: Parameters<Pager['tell']>[0]): Promise<void> {
    // SNS: a subject is ASCII, on one line, below 100 characters.
    const Subject = subject.replace(/[^\x20-\x7e]/g, '?').slice(0, 99);
    await this.#client.send(
      new PublishCommand({ TopicArn: this.#topic, Subject, Message: JSON.stringify(body) }),
    );
  }
}
