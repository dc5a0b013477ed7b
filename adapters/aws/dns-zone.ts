/** One hosted zone of Route 53. */
import {
  ChangeResourceRecordSetsCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { DnsChange, DnsRecord } from '#core/dns.ts';
import { Conflict, Rejected } from '#core/errors.ts';
import type { DnsZone } from '#core/ports.ts';
import { retryable } from './errors.ts';

const types = ['A', 'CNAME', 'TXT'] as const;

export class Route53Zone implements DnsZone {
  readonly #id: string;
  readonly #client: Route53Client;

  constructor(id: string, client: Route53Client = new Route53Client({})) {
    this.#id = id;
    this.#client = client;
  }

  async records(names: readonly string[]): Promise<readonly DnsRecord[]> {
    const found = await Promise.all(names.map((name) => this.#at(name)));
    return found.flat();
  }

  /** Route 53 lists from a name on, in DNS order: what stands at the name itself comes first. */
  async #at(name: string): Promise<DnsRecord[]> {
    const command = new ListResourceRecordSetsCommand({
      HostedZoneId: this.#id,
      StartRecordName: name,
      MaxItems: 10,
    });
    const answer = await retryable('ListResourceRecordSets', () => this.#client.send(command));
    const here = (answer.ResourceRecordSets ?? []).filter((set) => withoutDot(set.Name ?? '') === name);
    return here.flatMap((set) => recordOf(set) ?? []);
  }

  /** One batch is one transaction: all of it or none. What is refused was planned on records that are there no more. */
  async change(changes: readonly DnsChange[]): Promise<void> {
    if (changes.length === 0) return;
    const command = new ChangeResourceRecordSetsCommand({
      HostedZoneId: this.#id,
      ChangeBatch: {
        Changes: changes.map(({ action, record }) => ({
          Action: action,
          ResourceRecordSet: {
            Name: record.name,
            Type: record.type,
            TTL: record.ttl,
            ResourceRecords: record.values.map((Value) => ({ Value })),
          },
        })),
      },
    });
    try {
      await retryable('ChangeResourceRecordSets', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof InvalidChangeBatch)) throw error;
      throw new Conflict(`Route 53 refused the changes: ${error.messages?.join('; ') || error.message}`);
    }
  }
}

/** Route 53 writes names with the dot at the end and odd characters as `\052`; ours have none of those. */
function recordOf(set: ResourceRecordSet): DnsRecord | undefined {
  const type = types.find((known) => known === set.Type);
  if (type === undefined || set.Name === undefined) return undefined;
  if (set.AliasTarget) {
    throw new Rejected(
      `${set.Name} is an alias, which we never make: delete it by hand, or take another name.`,
    );
  }
  const values = (set.ResourceRecords ?? []).flatMap(({ Value }) =>
    Value === undefined ? [] : [withoutDot(Value)],
  );
  return { name: withoutDot(set.Name), type, ttl: set.TTL ?? 0, values };
}

const withoutDot = (text: string): string => text.replace(/\.$/, '');
