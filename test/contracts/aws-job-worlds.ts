/** What the contracts of data jobs need on any endpoint of AWS's APIs: a queue, a bucket for input and results, and what the outbox is to tell. */
import { crc32 } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { SqsChunkQueue } from '#adapters/aws/chunk-queue.ts';
import { S3Datasets } from '#adapters/aws/datasets.ts';
import { JobItems } from '#adapters/aws/job-items.ts';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { itemsOf } from '#adapters/aws/partition.ts';
import { SlotItems } from '#adapters/aws/slot-items.ts';
import { StandingItems } from '#adapters/aws/standing-items.ts';
import type { ListedObject } from '#core/jobs/dataset.ts';
import type { JobKey } from '#core/jobs/slots.ts';
import * as z from '#core/zod.ts';
import type { Sdk } from './aws-worlds.ts';
import type { ChunkQueueWorld } from './chunk-queue.ts';
import type { DatasetsWorld } from './datasets.ts';
import type { JobObjectsWorld } from './job-objects.ts';
import type { JobStoreWorld } from './job-store.ts';
import type { SlotsWorld } from './slots.ts';
import type { StandingWorld } from './standing.ts';

export async function awsChunkQueue(
  sdk: Sdk,
  QueueName: string,
  /** How long who has taken a message has it, before it says more. */
  hiddenSeconds = 30,
): Promise<ChunkQueueWorld & { readonly url: string }> {
  const client = new SQSClient(sdk);
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: `${hiddenSeconds}` } }),
  );
  const put = async (MessageBody: string) =>
    void (await client.send(new SendMessageCommand({ QueueUrl, MessageBody })));
  return { queue: new SqsChunkQueue(QueueUrl, client), put, url: QueueUrl };
}

/** Parts of an entry of the outbox. */
const Entry = z.object({
  message: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('event'), event: z.object({ type: z.string() }) }),
    z.object({ kind: z.literal('look'), stage: z.string(), delaySeconds: z.int() }),
  ]),
});

/** What waits to be told of a job. */
function outboxOf(client: DynamoDBClient, table: string) {
  const documents = DynamoDBDocumentClient.from(client);
  return async ({ team, name }: JobKey) => {
    const found: z.infer<typeof Entry>['message'][] = [];
    for await (const item of itemsOf(documents, table, `OUTBOX#${team}/${name}`))
      found.push(Entry.parse(item).message);
    return found;
  };
}

export function awsJobStore(sdk: Sdk, table: string): JobStoreWorld {
  const client = new DynamoDBClient(sdk);
  const told = outboxOf(client, table);
  const looks = async (job: JobKey) =>
    (await told(job)).flatMap((one) => (one.kind === 'look' ? [one.stage] : []));
  return { jobs: new JobItems(table, client), looks };
}

export function awsStanding(sdk: Sdk, table: string): StandingWorld {
  const client = new DynamoDBClient(sdk);
  const told = outboxOf(client, table);
  const looks = async (of: Pick<JobKey, 'team' | 'name'>) =>
    (await told(of)).flatMap((one) => (one.kind === 'look' ? [one.delaySeconds] : []));
  return { standing: new StandingItems(table, client), jobs: new JobItems(table, client), looks };
}

export function awsSlots(sdk: Sdk, table: string): SlotsWorld {
  const client = new DynamoDBClient(sdk);
  const told = outboxOf(client, table);
  return {
    slots: new SlotItems(table, client),
    told: async (job) =>
      (await told(job)).flatMap((one) => (one.kind === 'event' ? [one.event.type] : [])).sort(),
    looks: async (job) => (await told(job)).flatMap((one) => (one.kind === 'look' ? [one.delaySeconds] : [])),
  };
}

export class AwsJobObjects implements JobObjectsWorld, DatasetsWorld {
  readonly objects: S3JobObjects;
  readonly datasets: S3Datasets;
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(sdk: Sdk, bucket: string) {
    this.bucket = bucket;
    this.#client = new S3Client({ ...sdk, forcePathStyle: true });
    this.datasets = new S3Datasets(this.#client);
    this.objects = new S3JobObjects({ input: bucket, results: bucket }, this.#client);
  }

  async make(): Promise<this> {
    await this.#client.send(new CreateBucketCommand({ Bucket: this.bucket }));
    return this;
  }

  /** The SDK would ask for a CRC-32 by itself. */
  async put(Key: string, Body: Buffer, withSum = false): Promise<ListedObject> {
    const ChecksumAlgorithm = withSum ? 'CRC32' : 'SHA256';
    const command = new PutObjectCommand({ Bucket: this.bucket, Key, Body, ChecksumAlgorithm });
    const { ETag = '' } = await this.#client.send(command);
    return { key: Key, size: Body.length, etag: ETag, ...(withSum && { crc32: crc32(Body) }) };
  }

  async putParts(Key: string, Body: Buffer): Promise<ListedObject> {
    const at = { Bucket: this.bucket, Key };
    const how = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'COMPOSITE' } as const;
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand({ ...at, ...how }));
    const part = { ...at, UploadId, PartNumber: 1, Body, ChecksumAlgorithm: how.ChecksumAlgorithm };
    const { ETag, ChecksumCRC32 } = await this.#client.send(new UploadPartCommand(part));
    const whole = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] };
    const done = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: whole });
    return { key: Key, size: Body.length, etag: (await this.#client.send(done)).ETag ?? '' };
  }

  async remove(Key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key }));
  }

  async result(Key: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async unfinished(): Promise<readonly string[]> {
    const { Uploads = [] } = await this.#client.send(
      new ListMultipartUploadsCommand({ Bucket: this.bucket }),
    );
    return Uploads.map(({ Key = '' }) => Key);
  }
}
