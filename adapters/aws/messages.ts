/** What leaves the control plane: events on the bus, looks on the stages' queues, notices at the pager. */
import { EventBridgeClient, PutEventsCommand, type PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Rejected } from '#core/errors.ts';
import { type DomainEvent, eventSource } from '#core/events.ts';
import type { EventBus, LookQueues, Pager, Sweeps } from '#core/ports.ts';
import { retryable } from './errors.ts';

/**
 * What PutEvents takes in one call: ten entries, 256 KB in all. Over that the whole call fails, with entries that are
 * small enough by themselves. Source: EventBridge user guide, "Calculating PutEvents event entry size".
 */
const perCall = { entries: 10, bytes: 256 * 1024 };
const timeBytes = 14;

export class EventBridgeBus implements EventBus {
  readonly #name: string;
  readonly #client: EventBridgeClient;

  constructor(name: string, client: EventBridgeClient = new EventBridgeClient({})) {
    this.#name = name;
    this.#client = client;
  }

  async tell(events: readonly DomainEvent[]): Promise<readonly (string | undefined)[]> {
    const reasons: (string | undefined)[] = [];
    for (const entries of callsOf(events.map((event) => this.#entry(event))))
      reasons.push(...(await this.#call(entries)));
    return reasons;
  }

  /** A call that fails is the reason of its own entries: those of the calls before it were taken. */
  async #call(Entries: readonly Entry[]): Promise<(string | undefined)[]> {
    try {
      const answer = await this.#client.send(new PutEventsCommand({ Entries: [...Entries] }));
      return Entries.map((_, at) => reasonOf(answer.Entries?.[at]));
    } catch (error) {
      return Entries.map(() => String(error));
    }
  }

  #entry(event: DomainEvent): Entry {
    return {
      EventBusName: this.#name,
      Source: eventSource,
      DetailType: event.type,
      Time: new Date(event.at),
      Detail: JSON.stringify(event),
    };
  }
}

interface Entry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Time: Date;
  readonly Detail: string;
}

const bytesOf = ({ Source, DetailType, Detail }: Entry): number =>
  timeBytes + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);

function callsOf(entries: readonly Entry[]): Entry[][] {
  const calls: Entry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const own = bytesOf(entry);
    const call = calls.at(-1);
    if (call && call.length < perCall.entries && bytes + own < perCall.bytes) {
      call.push(entry);
      bytes += own;
    } else {
      calls.push([entry]);
      bytes = own;
    }
  }
  return calls;
}

const reasonOf = (entry: PutEventsResultEntry | undefined) =>
  entry?.EventId !== undefined && entry.ErrorCode === undefined
    ? undefined
    : `${entry?.ErrorCode ?? 'no answer'}: ${entry?.ErrorMessage ?? 'EventBridge does not say why'}`;

/** SQS API reference, SendMessage: DelaySeconds. */
const longestDelay = 900;

export class SqsLooks implements LookQueues {
  readonly #urlOf: (...to: Parameters<LookQueues['send']>) => string | undefined;
  readonly #client: SQSClient;

  /** @param urlOf the queue of a stage; the deployer's depends on the cluster. */
  constructor(
    urlOf: (...to: Parameters<LookQueues['send']>) => string | undefined,
    client: SQSClient = new SQSClient({}),
  ) {
    this.#urlOf = urlOf;
    this.#client = client;
  }

  async send(...to: Parameters<LookQueues['send']>): Promise<void> {
    const [stage, cluster, look, delaySeconds] = to;
    const url = this.#urlOf(...to);
    if (url === undefined)
      throw new Rejected(`No queue for looks of ${stage} in cluster ${cluster} is configured.`);
    if (delaySeconds > longestDelay)
      throw new Rejected(`A queue keeps a look for ${longestDelay} s at most, not for ${delaySeconds}.`);
    const message = { QueueUrl: url, MessageBody: JSON.stringify(look), DelaySeconds: delaySeconds };
    await retryable('SendMessage', () => this.#client.send(new SendMessageCommand(message)));
  }
}

export class SqsSweeps implements Sweeps {
  readonly #url: string;
  readonly #client: SQSClient;

  /** @param url of the DNS stage's queue. */
  constructor(url: string, client: SQSClient = new SQSClient({})) {
    this.#url = url;
    this.#client = client;
  }

  async send(sweep: Parameters<Sweeps['send']>[0]): Promise<void> {
    const message = { QueueUrl: this.#url, MessageBody: JSON.stringify(sweep) };
    await retryable('SendMessage', () => this.#client.send(new SendMessageCommand(message)));
  }
}

export class SnsPager implements Pager {
  readonly #topic: string;
  readonly #client: SNSClient;

  constructor(topic: string, client: SNSClient = new SNSClient({})) {
    this.#topic = topic;
    this.#client = client;
  }

  async tell({ subject, body }: Parameters<Pager['tell']>[0]): Promise<void> {
    // SNS API reference, Publish: a subject is ASCII, on one line, begins with no space, and is below 100 characters.
    const Subject = subject
      .replace(/[^\x20-\x7e]/g, '?')
      .trimStart()
      .slice(0, 99);
    const command = new PublishCommand({ TopicArn: this.#topic, Subject, Message: JSON.stringify(body) });
    await retryable('Publish', () => this.#client.send(command));
  }
}
