import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pagerRoutes } from '#local/services/pager.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pager-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pager() {
  const visited: string[] = [];
  const routes = pagerRoutes({
    file: join(folder, 'pager.jsonl'),
    emulatorHost: '10.61.0.1:20000',
    now: () => new Date('2026-01-02T03:04:05Z'),
    visit: async (url) => {
      visited.push(url);
      return new Response('ok');
    },
  });
  const call = (method: string, body?: unknown): Promise<Response> | undefined =>
    routes[`${method} /pager`]?.(
      new Request('http://pager/pager', {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  return {
    visited,
    post: (body: unknown) => call('POST', body),
    pages: async () => (await call('GET'))?.json(),
  };
}

const topic = 'arn:aws:sns:us-east-1:000000000000:pager';
const confirmation = (url: string) => ({
  Type: 'SubscriptionConfirmation',
  TopicArn: topic,
  SubscribeURL: url,
});
const notification = {
  Type: 'Notification',
  MessageId: 'm1',
  TopicArn: topic,
  Subject: 'OOM',
  Message: 'out of memory',
  Timestamp: '2026-01-02T03:04:04Z',
};

test('a subscription is confirmed at the emulator, and nowhere else', async () => {
  const { post, visited } = pager();
  expect((await post(confirmation('http://10.61.0.1:20000/?Action=ConfirmSubscription')))?.status).toBe(200);
  expect((await post(confirmation('http://169.254.169.254/latest')))?.status).toBe(403);
  expect(visited).toEqual(['http://10.61.0.1:20000/?Action=ConfirmSubscription']);
});

test('a page is kept once, on disk too, and is there after a restart', async () => {
  const first = pager();
  await first.post(notification);
  await first.post(notification);
  const page = {
    id: 'm1',
    topic,
    subject: 'OOM',
    message: 'out of memory',
    sentAt: notification.Timestamp,
    receivedAt: '2026-01-02T03:04:05.000Z',
  };
  expect(await first.pages()).toEqual([page]);
  expect(readFileSync(join(folder, 'pager.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  expect(await pager().pages()).toEqual([page]);
});

test.each([
  ['no JSON', '{'],
  ['another type', { Type: 'Other' }],
  ['no message', { ...notification, Message: undefined }],
])('what is not of SNS is refused: %s', async (_, body) => {
  expect((await pager().post(body))?.status).toBe(400);
});
