/** What passes by itself is Retryable, whichever adapter met it; what does not pass is thrown as it came. */
import { createServer } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { toDeadLetters } from '#adapters/aws/dead-letters.ts';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { SnsPager, SqsLooks } from '#adapters/aws/messages.ts';
import { NoticeItems } from '#adapters/aws/notices.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Table } from '#adapters/aws/table.ts';
import { Conflict, Retryable } from '#core/errors.ts';
import { addSeconds } from '#core/names.ts';
import { digestOf, requested, start, verdict, web } from '../contracts/samples.ts';
import { type Answer, awsEndpoint, awsEnvironment } from './aws-endpoint.ts';

const digest = digestOf('image');
const incident = {
  id: 'checkout/web/oom/1',
  kind: 'oom',
  openedAt: start,
  lastSeenAt: start,
  summary: 'killed',
} as const;
const notice = { state: 'open', incident, at: start, lookAt: start } as const;
const entry = {
  environment: web,
  id: '0000000001-0',
  message: { kind: 'look', stage: 'gate', cluster: 'main', delaySeconds: 0 },
} as const;
const look = { kind: 'look', environment: web } as const;
const where = { project: 'images', bucket: 'sources', registry: 'r.example', logGroup: 'builds' };
const options = { ...where, rolesArn: 'arn:aws:iam::000000000000:role/builds-' };

/** Of its own: a function's adapters share one, which knows the endpoint of the test before. */
const table = () => new Table('t', new DynamoDBClient({}));
const notices = () => new NoticeItems('t', new DynamoDBClient({}));

/** One call of each kind that an adapter makes. `url` is the endpoint's, for queues. */
const calls: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  'Table.read': () => table().read(web),
  'Table.verdict': () => table().verdict(web, digest),
  'Table.keepVerdict': () => table().keepVerdict(web, verdict()),
  'Table.write': () => table().write(requested()),
  'Table.audit': () => table().audit(web, 10),
  'Table.due': () => table().due(start, 10),
  'Table.pending': () => table().pending(start, 10),
  'Table.settle': () => table().settle(entry, start),
  'NoticeItems.take': () => notices().take(web, notice, start, addSeconds(start, 60)),
  'NoticeItems.told': () => notices().told(web, notice, start),
  'SqsLooks.send': (url) => new SqsLooks(() => `${url}/0/q`).send('gate', 'main', look, 0),
  toDeadLetters: (url) => toDeadLetters(`${url}/0/q`)({ body: '{}', eventSourceARN: 'arn' }, 'why'),
  'SnsPager.tell': () => new SnsPager('arn:aws:sns:us-east-1:0:t').tell({ subject: 's', body: {} }),
  'EcrScanner.image': () => new EcrScanner().image('candidate/checkout/web', digest),
  'EcrScanner.scan': () => new EcrScanner().scan('candidate/checkout/web', digest),
  'CodeBuilder.resolveBase': () =>
    new CodeBuilder(options).resolveBase({ repository: 'base/debian', tag: 'bookworm' }),
  'CodeBuilder.start, files': () =>
    new CodeBuilder(options).start({ key: web, number: 1, context: { a: 'b' } }),
  'CodeBuilder.start': () => new CodeBuilder(options).start({ key: web, number: 1, context: {} }),
  'CodeBuilder.status': () => new CodeBuilder(options).status('images:1'),
  'Route53Zone.records': () => new Route53Zone('Z1').records(['web.example']),
  'Route53Zone.change': () =>
    new Route53Zone('Z1').change([
      { action: 'CREATE', record: { name: 'web.example', type: 'A', ttl: 60, values: ['192.0.2.1'] } },
    ]),
};

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close?.();
});
async function answering(answer: Answer): Promise<string> {
  const server = await awsEndpoint(() => answer);
  close = server.close;
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  return server.endpoint;
}

/** In the two protocols that the services speak: JSON, and XML for SNS, Route 53 and S3. */
const failure = (status: number, code: string): Answer => ({
  status,
  headers: { 'x-amzn-errortype': code, 'x-amzn-query-error': `${code};Sender` },
  body: JSON.stringify({ __type: code, message: 'no' }),
});
const xmlFailure = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
});
const speaksXml = (name: string) => /^(?:SnsPager|Route53Zone)/.test(name);
const refusal = (name: string, status: number, code: string): Answer => {
  if (name.endsWith('files'))
    return { status, body: `<Error><Code>${code}</Code><Message>no</Message></Error>` };
  return (speaksXml(name) ? xmlFailure : failure)(status, code);
};

describe.each(Object.keys(calls))('%s', (name) => {
  const call = (url: string) => calls[name]?.(url);

  test.each([
    [400, 'ThrottlingException'],
    [400, 'Throttling'],
    [503, 'ServiceUnavailable'],
    [500, 'InternalError'],
  ])('%i %s may pass', async (status, code) => {
    const url = await answering(refusal(name, status, code));
    await expect(call(url)).rejects.toThrow(Retryable);
  });

  test('nobody listens: may pass', async () => {
    const port = await freePort();
    for (const [key, value] of Object.entries(awsEnvironment(`http://127.0.0.1:${port}`)))
      vi.stubEnv(key, value);
    await expect(call(`http://127.0.0.1:${port}`)).rejects.toThrow(/ECONNREFUSED/);
    await expect(call(`http://127.0.0.1:${port}`)).rejects.toThrow(Retryable);
  });

  test('a refusal does not pass, and is no conflict', async () => {
    const url = await answering(refusal(name, 403, 'AccessDeniedException'));
    const error: unknown = await Promise.resolve(call(url)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(Retryable);
    expect(error).not.toBeInstanceOf(Conflict);
  });
});

test.each([
  ['TransactionConflict', Retryable],
  ['ThrottlingError', Retryable],
  ['ProvisionedThroughputExceeded', Retryable],
  ['ConditionalCheckFailed', Conflict],
] as const)('a transaction that is cancelled for %s', async (Code, kind) => {
  await answering({
    status: 400,
    body: JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      message: 'Transaction cancelled',
      CancellationReasons: [{ Code: 'None' }, { Code }],
    }),
  });
  await expect(table().write(requested())).rejects.toThrow(kind);
});

test.each(['Table.keepVerdict', 'Table.settle', 'NoticeItems.take', 'NoticeItems.told'])(
  '%s, while a transaction is at the same item, may pass',
  async (name) => {
    const url = await answering(refusal(name, 400, 'TransactionConflictException'));
    await expect(calls[name]?.(url)).rejects.toThrow(Retryable);
  },
);

test('a notice whose key is asked for too often may pass', async () => {
  const url = await answering(xmlFailure(400, 'KMSThrottling'));
  await expect(calls['SnsPager.tell']?.(url)).rejects.toThrow(Retryable);
});

test('reads name a consistent read: what was just written is what is decided upon', async () => {
  const server = await awsEndpoint(() => ({ body: '{}' }));
  close = server.close;
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  const stored = table();
  await stored.read(web);
  await stored.verdict(web, digest);
  await stored.audit(web, 10);
  expect(server.asked.map(({ body }): unknown => JSON.parse(body))).toMatchObject([
    { ConsistentRead: true },
    { ConsistentRead: true },
    { ConsistentRead: true },
  ]);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
