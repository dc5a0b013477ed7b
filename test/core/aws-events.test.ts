/**
 * AWS's own sample events, as its documentation prints them. Where the print has no whole digest ("…abcd1234",
 * "…EXAMPLE") one stands in for it, and the print itself must be refused.
 */
import { describe, expect, it } from 'vitest';
import { parseEvent } from '#core/aws-events.ts';
import { Rejected } from '#core/errors.ts';
import { DomainEvent } from '#core/events.ts';
import { at, digest, key } from './samples.ts';

/** Amazon ECR user guide, "Sample events from Amazon ECR": a completed push, a completed scan, a deletion. */
const push = {
  version: '0',
  id: '13cde686-328b-6117-af20-0e5566167482',
  'detail-type': 'ECR Image Action',
  source: 'aws.ecr',
  account: '123456789012',
  time: '2019-11-16T01:54:34Z',
  region: 'us-west-2',
  resources: [],
  detail: {
    result: 'SUCCESS',
    'repository-name': 'my-repository-name',
    'image-digest': 'sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234',
    'action-type': 'PUSH',
    'image-tag': 'latest',
  },
};
const scan = {
  version: '0',
  id: '85fc3613-e913-7fc4-a80c-a3753e4aa9ae',
  'detail-type': 'ECR Image Scan',
  source: 'aws.ecr',
  account: '123456789012',
  time: '2019-10-29T02:36:48Z',
  region: 'us-east-1',
  resources: ['arn:aws:ecr:us-east-1:123456789012:repository/my-repository-name'],
  detail: {
    'scan-status': 'COMPLETE',
    'repository-name': 'my-repository-name',
    'finding-severity-counts': { CRITICAL: 10, MEDIUM: 9 },
    'image-digest': 'sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234',
    'image-tags': [],
  },
};
/** Amazon Inspector user guide, "EventBridge event schema": an ECR image's initial scan. */
const inspected = {
  version: '0',
  id: 'fdaa751a-984c-a709-44f9-9a9da9cd3606',
  'detail-type': 'Inspector2 Scan',
  source: 'aws.inspector2',
  account: '111122223333',
  time: '2023-01-20T23:15:18Z',
  region: 'us-east-1',
  resources: ['arn:aws:ecr:us-east-1:111122223333:repository/inspector2'],
  detail: {
    'scan-status': 'INITIAL_SCAN_COMPLETE',
    'repository-name': 'arn:aws:ecr:us-east-1:111122223333:repository/inspector2',
    'finding-severity-counts': { CRITICAL: 0, HIGH: 0, MEDIUM: 0, TOTAL: 0 },
    'image-digest': 'sha256:965fbcae990b0467ed5657caceaec165018ef44a4d2d46c7cdea80a9dff0d1ea',
    'image-tags': ['ubuntu22'],
    version: '1.0',
  },
};
/** The same guide: an EC2 instance's. It reaches no rule of ours; should it, it has no image. */
const instance = {
  ...inspected,
  resources: ['i-087d63509b8c97098'],
  detail: {
    'scan-status': 'INITIAL_SCAN_COMPLETE',
    'finding-severity-counts': { CRITICAL: 0, HIGH: 0, MEDIUM: 0, TOTAL: 0 },
    'instance-id': 'i-087d63509b8c97098',
    version: '1.0',
  },
};
/** AWS CodeBuild user guide, "Build notifications input format reference". */
const buildId =
  'arn:aws:codebuild:us-west-2:123456789012:build/my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX';
const phase = (name: string) => ({
  'phase-context': [],
  'start-time': 'Sep 1, 2017 4:12:29 PM',
  'end-time': 'Sep 1, 2017 4:12:29 PM',
  'duration-in-seconds': 0,
  'phase-type': name,
  'phase-status': 'SUCCEEDED',
});
const build = {
  version: '0',
  id: 'c030038d-8c4d-6141-9545-00ff7b7153EX',
  'detail-type': 'CodeBuild Build State Change',
  source: 'aws.codebuild',
  account: '123456789012',
  time: '2017-09-01T16:14:28Z',
  region: 'us-west-2',
  resources: [buildId],
  detail: {
    'build-status': 'SUCCEEDED',
    'project-name': 'my-sample-project',
    'build-id': buildId,
    'additional-information': {
      artifact: {
        md5sum: 'da9c44c8a9a3cd4b443126e823168fEX',
        sha256sum: '6ccc2ae1df9d155ba83c597051611c42d60e09c6329dcb14a312cecc0a8e39EX',
        location: 'arn:aws:s3:::codebuild-123456789012-output-bucket/my-output-artifact.zip',
      },
      environment: {
        image: 'aws/codebuild/standard:5.0',
        'privileged-mode': false,
        'compute-type': 'BUILD_GENERAL1_SMALL',
        type: 'LINUX_CONTAINER',
        'environment-variables': [],
      },
      'timeout-in-minutes': 60,
      'build-complete': true,
      initiator: 'MyCodeBuildDemoUser',
      'build-start-time': 'Sep 1, 2017 4:12:29 PM',
      source: { location: 'codebuild-123456789012-input-bucket/my-input-artifact.zip', type: 'S3' },
      logs: {
        'group-name': '/aws/codebuild/my-sample-project',
        'stream-name': '8745a7a9-c340-456a-9166-edf953571bEX',
        'deep-link':
          'https://console.aws.amazon.com/cloudwatch/home?region=us-west-2#logEvent:group=/aws/codebuild/my-sample-project;stream=8745a7a9-c340-456a-9166-edf953571bEX',
      },
      phases: [
        ...[
          'SUBMITTED',
          'PROVISIONING',
          'DOWNLOAD_SOURCE',
          'INSTALL',
          'PRE_BUILD',
          'BUILD',
          'POST_BUILD',
          'UPLOAD_ARTIFACTS',
          'FINALIZING',
        ].map(phase),
        { 'start-time': 'Sep 1, 2017 4:14:26 PM', 'phase-type': 'COMPLETED' },
      ],
    },
    'current-phase': 'COMPLETED',
    'current-phase-context': '[]',
    version: '1',
  },
};
const withDigest = <E extends { detail: object }>(event: E) => ({
  ...event,
  detail: { ...event.detail, 'image-digest': digest(1) },
});
const why = (message: unknown): string => {
  try {
    return `taken as ${parseEvent(message).kind}`;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
};

describe("AWS's samples", () => {
  it.each([withDigest(push), withDigest(scan)])('$detail-type names an image', (event) => {
    expect(parseEvent(event)).toEqual({ kind: 'image', repository: 'my-repository-name', digest: digest(1) });
  });
  it("Inspector2 Scan names it by the repository's ARN", () => {
    expect(parseEvent(inspected)).toEqual({
      kind: 'image',
      repository: 'inspector2',
      digest: inspected.detail['image-digest'],
    });
    const china = 'arn:aws-cn:ecr:cn-north-1:111122223333:repository/candidate/checkout/web';
    const event = { ...inspected, detail: { ...inspected.detail, 'repository-name': china } };
    expect(parseEvent(event)).toMatchObject({ repository: 'candidate/checkout/web' });
  });
  it('CodeBuild names a build, by its ARN as the builder keeps it', () => {
    expect(parseEvent(build)).toMatchObject({
      kind: 'build',
      buildId,
      detail: { 'build-status': 'SUCCEEDED' },
    });
  });
  it.each(['IN_PROGRESS', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'])('a build may be %s', (status) => {
    const event = { ...build, detail: { ...build.detail, 'build-status': status } };
    expect(parseEvent(event)).toMatchObject({ detail: { 'build-status': status } });
  });
});

describe('our own', () => {
  const event = { type: 'ImagePromoted', environment: key, cluster: 'main', at: at(0), digest: digest(1) };
  const { type, ...detail } = event;
  const envelope = { id: '1', source: 'getschwifty', 'detail-type': type, detail };

  it('are told as they were made', () => {
    expect(parseEvent(envelope)).toEqual({ kind: 'told', event: DomainEvent.parse(event) });
  });
  it('are refused where the detail is of another type', () => {
    expect(why({ ...envelope, 'detail-type': 'ImageApproved' })).toContain('approver');
    expect(why({ ...envelope, 'detail-type': 'ImageEaten' })).toContain('event 1 (getschwifty ImageEaten)');
  });
  it('or a look, straight to the queue', () => {
    expect(parseEvent({ kind: 'look', environment: key })).toEqual({ kind: 'look', environment: key });
    expect(why({ kind: 'look', environment: { team: 'checkout' } })).toContain('not valid');
  });
});

describe('refused, with the event and the field', () => {
  const wide = 'of a kind that no stage takes';
  it.each<[string, unknown, string]>([
    [
      'a digest that is cut short',
      push,
      'event 13cde686-328b-6117-af20-0e5566167482 (aws.ecr ECR Image Action) is not valid: image-digest',
    ],
    ['the same in a scan', scan, 'image-digest'],
    ['a scan of no image', instance, 'repository-name'],
    [
      'a build of no known status',
      { ...build, detail: { ...build.detail, 'build-status': 'EXPLODED' } },
      'build-status',
    ],
    ['an action that no stage takes', { ...withDigest(push), 'detail-type': 'ECR Referrer Action' }, wide],
    ['a source that no stage takes', { ...withDigest(push), source: 'aws.ec2' }, wide],
    ['a name of the prototype', { ...withDigest(push), source: 'constructor', 'detail-type': '' }, wide],
    ['no detail', { ...push, detail: undefined }, 'detail'],
    ['a list for a detail', { ...push, detail: [] }, 'detail'],
    ['a number', 7, 'the whole'],
    ['null', null, 'the whole'],
    ['a text', 'ECR Image Action', 'the whole'],
  ])('%s', (_, event, reason) => {
    expect(why(event)).toContain(reason);
  });
});
