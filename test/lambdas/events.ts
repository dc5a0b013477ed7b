/** Messages as AWS delivers them: EventBridge's envelopes, SQS's records. */
import type { SQSRecord } from 'aws-lambda';
import type { Look } from '#core/aws-events.ts';
import { type DomainEvent, eventSource } from '#core/events.ts';
import type { Digest } from '#core/names.ts';
import { web } from '../contracts/samples.ts';
import type { Envelope } from './event-pattern.ts';

export const sqsRecord = (message: unknown, messageId = 'm-1'): SQSRecord => ({
  messageId,
  receiptHandle: 'r',
  body: typeof message === 'string' ? message : JSON.stringify(message),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 's',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:stage',
  awsRegion: 'us-east-1',
});

let events = 0;
/** An event as EventBridge hands it on. */
const envelope = (source: string, detailType: string, detail: Record<string, unknown>): Envelope => ({
  id: `e-${events++}`,
  source,
  'detail-type': detailType,
  detail,
});
export const told = (event: DomainEvent): Envelope => envelope(eventSource, event.type, event);
export const look = (environment = web): Look => ({ kind: 'look', environment });
export const pushEvent = (repository: string, digest: Digest, tag: string): Envelope =>
  envelope('aws.ecr', 'ECR Image Action', {
    result: 'SUCCESS',
    'repository-name': repository,
    'image-digest': digest,
    'action-type': 'PUSH',
    'image-tag': tag,
  });
export const scanEvent = (repository: string, digest: Digest): Envelope =>
  envelope('aws.ecr', 'ECR Image Scan', {
    'scan-status': 'COMPLETE',
    'repository-name': repository,
    'finding-severity-counts': {},
    'image-digest': digest,
  });
export const buildEvent = (status: string, id: string, repository: string, tag = ''): Envelope =>
  envelope('aws.codebuild', 'CodeBuild Build State Change', {
    'build-status': status,
    'build-id': id,
    'additional-information': {
      environment: {
        'environment-variables': [
          { name: 'REPOSITORY', value: repository },
          { name: 'TAG', value: tag },
        ],
      },
    },
  });
/** As S3 tells of an object of the bucket of jobs. */
export const uploadEvent = (at: string, key: string, more: object = {}) => ({
  ...envelope('aws.s3', 'Object Created', {
    version: '0',
    bucket: { name: 'jobs' },
    object: {
      key,
      size: 5,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      sequencer: '0064D3901D00059242',
      ...more,
    },
    reason: 'PutObject',
  }),
  // On the second.
  time: `${at.slice(0, 19)}Z`,
});
