/**
 * `verdict-latency`, `verdict-burst`: from a scan's event to the stored verdict, beside the bare path in the same cloud
 * (bare/app.ts). The images were scanned before, so that no scanner's time is in it; each event is told again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { partition } from '#adapters/aws/items.ts';
import type { Digest } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { adminAuthorization } from '#local/aws/emulator.ts';
import { controlPlane } from '#local/demo/access.ts';
import { keyOf } from '../contracts/samples.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, inTurn, median, quantile } from './entry.ts';
import { pushMany } from './images.ts';

const key = keyOf('bench', 'burst');
const repository = 'candidate/bench/burst';
const verdictsOf = partition('VERDICT', key);
const latencyRuns = 50;
const burstSize = 500;
const burstPairs = 3;
const deadlineMs = 300_000;

/** Both figures are of the same images, pushed and scanned once. */
export async function verdicts(cloud: BenchCloud): Promise<Entry[]> {
  const paths = new Paths(cloud);
  const digests = await pushMany(cloud.cloud.aws, repository, burstSize);
  await paths.untilJudged(digests.length, '');
  return [await latency(paths, digests), await burst(paths, digests)];
}

async function latency(paths: Paths, digests: readonly Digest[]): Promise<Entry> {
  const { a, b } = await inTurn(
    latencyRuns,
    (run) => paths.gateOnce(digestAt(digests, run)),
    (run) => paths.bareOnce(`latency-${run}`),
  );
  const [ours, bare] = [quantile(a, 0.95), quantile(b, 0.95)];
  const medians = `medians ${median(a).toFixed(0)} and ${median(b).toFixed(0)} ms`;
  return atMost(2.5, {
    name: 'verdict-latency',
    value: ours / bare,
    unit: '×',
    note: `p95 of ${latencyRuns}, in turn: ${ours.toFixed(0)} ms, bare path ${bare.toFixed(0)} ms; ${medians}`,
  });
}

async function burst(paths: Paths, digests: readonly Digest[]): Promise<Entry> {
  // The log of the last verdict before is written by then.
  await sleep(2_000);
  const began = Date.now();
  const { a, b } = await inTurn(
    burstPairs,
    () => paths.gate(digests),
    (run) => paths.bare(`burst-${run}`, digests.length),
  );
  const events = digests.length * (burstPairs + 1);
  const decided = await paths.decisionsSince(began);
  const [ours, bare] = [median(a), median(b)];
  const figures = `${(ours / 1000).toFixed(1)} s, bare path ${(bare / 1000).toFixed(1)} s, median of ${burstPairs}`;
  const entry = atMost(5, {
    name: 'verdict-burst',
    value: ours / bare,
    unit: '×',
    note: `${digests.length} events at once: ${figures}; ${events} events in all, ${decided} verdicts: none lost, none twice`,
  });
  if (decided === events) return entry;
  return { ...entry, ok: false, note: `${events} events, ${decided} verdicts: some are lost or twice` };
}

function digestAt(digests: readonly Digest[], run: number): Digest {
  const digest = digests[run % digests.length];
  if (digest === undefined) throw new Error('no image was pushed');
  return digest;
}

/** Tells events on each path and waits until all of them are in its table. */
class Paths {
  readonly #cloud: BenchCloud;
  readonly #table: string;
  readonly #dynamo: DynamoDBClient;

  constructor(cloud: BenchCloud) {
    this.#cloud = cloud;
    this.#table = controlPlane(cloud.cloud).TableName;
    this.#dynamo = new DynamoDBClient(cloud.sdk);
  }

  async gate(digests: readonly Digest[]): Promise<number> {
    const since = new Date().toISOString();
    const began = performance.now();
    await this.#tell(digests.map(scanEvent));
    await this.untilJudged(digests.length, since);
    return performance.now() - began;
  }

  async bare(run: string, count: number): Promise<number> {
    const began = performance.now();
    await this.#tellBare(run, count);
    await this.#until(count, async () => this.#count(this.#cloud.bareTable, { ':pk': { S: run } }));
    return performance.now() - began;
  }

  async gateOnce(digest: Digest): Promise<number> {
    const since = new Date().toISOString();
    const began = performance.now();
    await this.#tell([scanEvent(digest)]);
    const isJudged = async () =>
      ((await this.#at(this.#table, verdictsOf, digest))?.['decidedAt']?.S ?? '') >= since;
    await this.#until(1, async () => Number(await isJudged()));
    return performance.now() - began;
  }

  async bareOnce(run: string): Promise<number> {
    const began = performance.now();
    await this.#tellBare(run, 1);
    const isThere = async () => (await this.#at(this.#cloud.bareTable, run, '0')) !== undefined;
    await this.#until(1, async () => Number(await isThere()));
    return performance.now() - began;
  }

  #tellBare(run: string, count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, i) => String(i));
    return this.#tell(ids.map((id) => ({ source: 'bench', detailType: 'Bare', detail: { run, id } })));
  }

  /** One item: a count of all verdicts costs more than one of the bare path's, and is in the way of what it waits for. */
  async #at(TableName: string, pk: string, sk: string) {
    const Key = { pk: { S: pk }, sk: { S: sk } };
    return (await this.#dynamo.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
  }

  untilJudged(count: number, since: string): Promise<void> {
    const values = { ':pk': { S: verdictsOf }, ':since': { S: since } };
    return this.#until(count, () => this.#count(this.#table, values, 'decidedAt >= :since'));
  }

  /** As the gate's own log has them. */
  async decisionsSince(startTime: number): Promise<number> {
    const lambda = new LambdaClient(this.#cloud.sdk);
    const { GateFunctionName } = z
      .object({ GateFunctionName: z.string() })
      .parse(Object.assign({}, ...Object.values(this.#cloud.cloud.outputs)));
    const about = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: GateFunctionName }));
    const logGroupName = about.LoggingConfig?.LogGroup ?? `/aws/lambda/${GateFunctionName}`;
    const logs = new CloudWatchLogsClient(this.#cloud.sdk);
    let count = 0;
    let nextToken: string | undefined;
    do {
      const page = await logs.send(new FilterLogEventsCommand({ logGroupName, startTime, nextToken }));
      count += (page.events ?? []).filter(({ message }) => message?.includes('"message":"judged"')).length;
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return count;
  }

  async #tell(events: readonly object[]): Promise<void> {
    const answer = await fetch(`${this.#cloud.cloud.aws}/_local/events`, {
      method: 'POST',
      headers: { authorization: adminAuthorization },
      body: JSON.stringify({ events }),
    });
    if (!answer.ok) throw new Error(`the events were not told: ${answer.status} ${await answer.text()}`);
  }

  /** A fifth of the time is asked at most, on both paths: what is asked is in the way of what it waits for. */
  async #until(count: number, seen: () => Promise<number>): Promise<void> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const asked = performance.now();
      const found = await seen();
      if (found >= count) return;
      if (Date.now() > end)
        throw new Error(`only ${found} of ${count} were there after ${deadlineMs / 1000} s`);
      await sleep(count === 1 ? 5 : Math.max(200, 4 * (performance.now() - asked)));
    }
  }

  async #count(
    TableName: string,
    values: Readonly<Record<string, { S: string }>>,
    FilterExpression?: string,
  ): Promise<number> {
    let count = 0;
    let ExclusiveStartKey: QueryCommandOutput['LastEvaluatedKey'];
    do {
      const page: QueryCommandOutput = await this.#dynamo.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ...values },
          Select: 'COUNT',
          ConsistentRead: true,
          ...(FilterExpression && { FilterExpression }),
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      );
      count += page.Count ?? 0;
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return count;
  }
}

/** As Amazon Inspector tells that an image was scanned. */
const scanEvent = (digest: Digest) => ({
  source: 'aws.inspector2',
  detailType: 'Inspector2 Scan',
  detail: {
    'scan-status': 'INITIAL_SCAN_COMPLETE',
    'repository-name': `arn:aws:ecr:us-east-1:000000000000:repository/${repository}`,
    'finding-severity-counts': { TOTAL: 0 },
    'image-digest': digest,
    'image-tags': [],
  },
});
