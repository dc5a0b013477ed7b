/** One hosted zone of Route 53. */
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  InvalidChangeBatch,
  InvalidInput,
  ListResourceRecordSetsCommand,
  NoSuchHostedZone,
  type ResourceRecordSet,
  Route53Client,
  RRType,
} from '@aws-sdk/client-route-53';
import type { DnsChange, DnsRecord } from '#core/dns.ts';
import { type Buckets, takeRequest } from '#core/dns-calls.ts';
import { compareNames, type ZonePosition } from '#core/dns-order.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import type { DnsZone } from '#core/ports.ts';
import { retryable } from './errors.ts';

const types = ['A', 'AAAA', 'CNAME', 'TXT'] as const;
/** The most that Route 53 lists in one answer. */
const pageSize = 300;

export class Route53Zone implements DnsZone {
  readonly #id: string;
  readonly #client: Route53Client;
  readonly #now: () => number;
  /** As far as this function knows: others of the account may have taken more. */
  #buckets: Buckets = {};

  constructor(id: string, client: Route53Client = new Route53Client({}), now: () => number = Date.now) {
    this.#id = id;
    this.#client = client;
    this.#now = now;
  }

  /** As few pages as hold all the names: a page is in the order of names, so one may have hundreds of ours. */
  async records(names: readonly string[]): Promise<readonly DnsRecord[]> {
    const wanted = [...new Set(names)].sort(compareNames);
    const found: DnsRecord[] = [];
    for (let at = 0; at < wanted.length; ) {
      const { records, next } = await this.page({ name: wanted[at] ?? '' });
      const end = next === undefined ? wanted.length : firstFrom(wanted, next.name);
      if (end <= at) throw new Rejected(`${wanted[at]} has more than ${pageSize} records: which is ours?`);
      const here = new Set(wanted.slice(at, end));
      found.push(...records.filter(({ name }) => here.has(name)));
      at = end;
    }
    return found;
  }

  async page(from?: ZonePosition) {
    const command = new ListResourceRecordSetsCommand({
      HostedZoneId: this.#id,
      StartRecordName: from?.name,
      StartRecordType: Object.values(RRType).find((type) => type === from?.type),
      MaxItems: pageSize,
    });
    const answer = await this.#ask('ListResourceRecordSets', 0, () => this.#client.send(command));
    const records = (answer.ResourceRecordSets ?? []).flatMap((set) => recordOf(set) ?? []);
    const { IsTruncated, NextRecordName, NextRecordType } = answer;
    if (!IsTruncated || NextRecordName === undefined) return { records };
    return { records, next: { name: plain(NextRecordName), type: NextRecordType } };
  }

  /** One batch is one transaction: all of it or none. What is refused was planned on records that are there no more. */
  async change(changes: readonly DnsChange[]): Promise<void> {
    if (changes.length === 0) return;
    const command = new ChangeResourceRecordSetsCommand({
      HostedZoneId: this.#id,
      ChangeBatch: { Changes: changes.map(changeOf) },
    });
    try {
      await this.#ask('ChangeResourceRecordSets', changes.length, () => this.#client.send(command));
    } catch (error) {
      const isRefusal = error instanceof InvalidChangeBatch || error instanceof InvalidInput;
      if (!isRefusal) throw error;
      const messages = error instanceof InvalidChangeBatch ? error.messages : undefined;
      throw new Conflict(`Route 53 refused the changes: ${messages?.join('; ') || error.message}`);
    }
  }

  /** What would be throttled for sure is not asked: the account's other callers need the buckets too. */
  async #ask<T>(call: string, changes: number, work: () => Promise<T>): Promise<T> {
    const asked = takeRequest(this.#buckets, changes, this.#now());
    if (!asked.taken)
      throw new Retryable(
        `${call}: Route 53 takes no more of this account for ${Math.ceil(asked.waitMs / 1000)} s`,
      );
    this.#buckets = asked.buckets;
    try {
      return await retryable(call, work);
    } catch (error) {
      if (!(error instanceof NoSuchHostedZone)) throw error;
      throw new Rejected(
        `There is no hosted zone ${this.#id}: put dns.hostedZoneId in getschwifty.config.yaml right, or leave it out to have a zone made, and deploy the control plane.`,
      );
    }
  }
}

/** The first of them that the listing has not come to. */
function firstFrom(wanted: readonly string[], name: string): number {
  const index = wanted.findIndex((one) => compareNames(one, name) >= 0);
  return index < 0 ? wanted.length : index;
}

const changeOf = ({ action, record }: DnsChange): Change => ({
  Action: action,
  ResourceRecordSet: {
    Name: record.name,
    Type: record.type,
    ...('alias' in record
      ? {
          AliasTarget: {
            HostedZoneId: record.alias.zoneId,
            DNSName: record.alias.target,
            EvaluateTargetHealth: record.alias.evaluateTargetHealth,
          },
        }
      : { TTL: record.ttl, ResourceRecords: record.values.map((Value) => ({ Value })) }),
  },
});

function recordOf(set: ResourceRecordSet): DnsRecord | undefined {
  const type = types.find((known) => known === set.Type);
  if (type === undefined || set.Name === undefined) return undefined;
  const name = plain(set.Name);
  if (set.AliasTarget) {
    const { HostedZoneId = '', DNSName = '', EvaluateTargetHealth = false } = set.AliasTarget;
    const alias = {
      zoneId: HostedZoneId,
      target: withoutDot(DNSName),
      evaluateTargetHealth: EvaluateTargetHealth,
    };
    return { name, type, alias };
  }
  const values = (set.ResourceRecords ?? []).flatMap(({ Value }) =>
    Value === undefined ? [] : [withoutDot(Value)],
  );
  return { name, type, ttl: set.TTL ?? 0, values };
}

const withoutDot = (text: string): string => text.replace(/\.$/, '');
/** Route 53 writes odd characters as `\052`; ours have none of those. */
const plain = (name: string): string => withoutDot(name).toLowerCase();
