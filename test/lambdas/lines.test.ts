/** What entries of functions write: each line names its stage, message and story, and what is counted is what CloudWatch reads. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as z from '#core/zod.ts';
import { awsEndpoint, awsEnvironment } from '../adapters/aws-endpoint.ts';
import { web } from '../contracts/samples.ts';
import { sqsRecord, told } from './events.ts';

const trace = '1-67891233-abcdef012345678912345678';
let lines: string[];
let answer: string;
let close: () => Promise<void>;

beforeEach(async () => {
  lines = [];
  answer = '{}';
  const server = await awsEndpoint(({ body }) => ({ body: sentOf(body) ?? answer }));
  ({ close } = server);
  const environment = {
    ...awsEnvironment(server.endpoint),
    AWS_LAMBDA_FUNCTION_NAME: 'GetSchwifty-Stage',
    _X_AMZN_TRACE_ID: `Root=${trace};Sampled=1`,
    TABLE_NAME: 'table',
    TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:topic',
    DLQ_URL: `${server.endpoint}/000000000000/dlq`,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await close();
});

const Sent = z.object({ MessageBody: z.string() });
/** SQS's answer to a message; its client looks whether it arrived whole. */
function sentOf(body: string): string | undefined {
  const sent = Sent.safeParse(JSON.parse(body)).data;
  return (
    sent && JSON.stringify({ MD5OfMessageBody: createHash('md5').update(sent.MessageBody).digest('hex') })
  );
}

const Metrics = z.object({
  Stage: z.string(),
  _aws: z.object({
    CloudWatchMetrics: z.tuple([z.object({ Metrics: z.array(z.object({ Name: z.string() })) })]),
  }),
});

/** Lines for people, and what was measured as `<stage> <name>`. */
function written() {
  const parsed = lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  const measured = parsed.flatMap((line) => {
    const metrics = Metrics.safeParse(line).data;
    return metrics?._aws.CloudWatchMetrics[0].Metrics.map(({ Name }) => `${metrics.Stage} ${Name}`) ?? [];
  });
  return { said: parsed.filter((line) => line['_aws'] === undefined), measured };
}

const incident = {
  id: 'checkout/web/oom/2026-01-05T10:00:00.000Z',
  kind: 'oom',
  openedAt: '2026-01-05T10:00:00.000Z',
  lastSeenAt: '2026-01-05T10:00:00.000Z',
  summary: 'Container app of pod app-0 was killed.',
} as const;
const opened = told({
  type: 'IncidentOpened',
  environment: web,
  cluster: 'main',
  at: incident.openedAt,
  story: 's-1',
  incident,
});

test("a stage's lines have message, attempt, story and trace; two messages of a batch do not mix", async () => {
  const { handler } = await import('#lambdas/pager/handler.ts');
  const Records = [sqsRecord(opened, 'm-1'), sqsRecord({ nonsense: true }, 'm-2')];
  expect(await handler({ Records })).toEqual({ batchItemFailures: [] });
  const { said, measured } = written();
  const common = { service: 'GetSchwifty-Stage', stage: 'pager', attempt: '1', xray_trace_id: trace };
  expect(said).toHaveLength(2);
  expect(said.find(({ level }) => level === 'INFO')).toMatchObject({
    ...common,
    messageId: 'm-1',
    story: 's-1',
    signal: 'IncidentOpened checkout/web',
    environment: 'checkout/web',
  });
  const refused = said.find(({ level }) => level === 'ERROR');
  expect(refused).toMatchObject({ ...common, messageId: 'm-2', error: { name: 'Rejected' } });
  expect(refused).not.toHaveProperty('story');
  expect(measured.sort()).toEqual(['pager Handled', 'pager MessageAge', 'pager Rejected']);
});

const ids = { StackId: 'arn:aws:cloudformation:stack', RequestId: 'request-1', LogicalResourceId: 'Digest' };
const request = {
  ...ids,
  RequestType: 'Create',
  ResponseURL: 'https://answer.example/?signed',
  ResourceType: 'Custom::ImageDigest',
  ResourceProperties: { Repository: 'assets', Tag: 'abc' },
};

test.each([
  [
    'made',
    () => new Response(),
    { ...request, RequestType: 'Delete' },
    ['INFO'],
    ['image-digest Handled', 'image-digest ResponseTime'],
  ],
  [
    'refused',
    () => new Response(),
    request,
    ['ERROR', 'INFO'],
    ['image-digest Failed', 'image-digest ResponseTime'],
  ],
  [
    'without an answer',
    () => new Response('expired', { status: 403 }),
    request,
    ['ERROR', 'ERROR'],
    ['image-digest Retried', 'image-digest ResponseTime'],
  ],
])("a custom resource's lines have CloudFormation's request: %s", async (_, put, event, levels, metrics) => {
  vi.stubGlobal('fetch', async () => put());
  answer = '{"imageDetails":[]}';
  const { handler } = await import('#lambdas/image-digest/handler.ts');
  await handler(event).catch((error: unknown) => expect(String(error)).toContain('403 expired'));
  const { said, measured } = written();
  expect(said.map(({ level }) => level)).toEqual(levels);
  for (const line of said)
    expect(line).toMatchObject({
      stage: 'image-digest',
      messageId: ids.RequestId,
      stack: ids.StackId,
      resource: ids.LogicalResourceId,
      xray_trace_id: trace,
    });
  expect(measured).toEqual(metrics);
});

test('what is no request of CloudFormation is said, measured, and left to Lambda to try again', async () => {
  const { handler } = await import('#lambdas/image-digest/handler.ts');
  await expect(handler({ hello: 'there' })).rejects.toThrow(/CloudFormation's request is not valid/);
  const { said, measured } = written();
  expect(said).toMatchObject([{ level: 'ERROR', stage: 'image-digest', error: { name: 'Rejected' } }]);
  expect(measured).toEqual(['image-digest Retried', 'image-digest ResponseTime']);
});
