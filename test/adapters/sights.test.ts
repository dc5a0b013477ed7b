/** The queue of sights: the fake by the contract, the real one against an endpoint of SQS on this machine. */
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { SqsSights } from '#adapters/aws/sights.ts';
import { MemorySights } from '#adapters/memory/sights.ts';
import type { Seen } from '#core/seen.ts';
import * as z from '#core/zod.ts';
import { web } from '../contracts/samples.ts';
import { sightsContract } from '../contracts/sights.ts';
import { type Answer, type Asked, awsEndpoint, awsEnvironment } from './aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close?.();
  close = undefined;
});

const Batch = z.object({
  QueueUrl: z.string(),
  Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })),
});
const batchOf = ({ body }: Asked) => Batch.parse(JSON.parse(body));
/** The SDK holds SQS to the hash of each message. */
const taken = (entry: { Id: string; MessageBody: string }) => ({
  Id: entry.Id,
  MessageId: `m-${entry.Id}`,
  MD5OfMessageBody: createHash('md5').update(entry.MessageBody).digest('hex'),
});

async function queue(answer: (asked: Asked) => Answer) {
  const server = await awsEndpoint(answer);
  close = server.close;
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  return { sights: new SqsSights(`${server.endpoint}/000000000000/sights`), asked: server.asked };
}

const oom: Seen = { kind: 'seen', environment: web, cluster: 'main', facts: ['oom'] };

sightsContract('MemorySights', async () => {
  const sights = new MemorySights();
  return { sights, arrived: async () => sights.sent };
});
sightsContract('SqsSights', async () => {
  const { sights, asked } = await queue((one) => ({
    body: JSON.stringify({ Successful: batchOf(one).Entries.map(taken), Failed: [] }),
  }));
  const bodies = () => asked.flatMap((one) => batchOf(one).Entries.map(({ MessageBody }) => MessageBody));
  return { sights, arrived: async () => bodies().map((body): unknown => JSON.parse(body)) };
});

test('each message that SQS does not take has its own reason, in its place', async () => {
  const { sights } = await queue((one) => {
    const [first, , third] = batchOf(one).Entries.map(taken);
    const failed = { Id: '1', Code: 'ServiceUnavailable', Message: 'try again', SenderFault: false };
    return { body: JSON.stringify({ Successful: [third, first], Failed: [failed] }) };
  });
  expect(await sights.send([oom, oom, oom])).toEqual([undefined, 'ServiceUnavailable: try again', undefined]);
});

test('what SQS does not speak of was not taken', async () => {
  const { sights } = await queue((one) => ({
    body: JSON.stringify({ Successful: batchOf(one).Entries.slice(0, 1).map(taken) }),
  }));
  expect(await sights.send([oom, oom])).toEqual([undefined, 'SQS does not say that it took it']);
});

test('a call that fails is the reason of all its messages, and is not thrown', async () => {
  const { sights } = await queue(() => ({
    status: 403,
    body: JSON.stringify({ __type: 'AccessDeniedException', message: 'not this queue' }),
  }));
  const reasons = await sights.send([oom, oom]);
  expect(reasons).toHaveLength(2);
  for (const reason of reasons) expect(reason).toContain('not this queue');
});
