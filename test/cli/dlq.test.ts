/** DLQs in words, and what `schwifty dlq` asks for. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ageText, dlqsText, dlqText, redriveText } from '../../cli/dlq.ts';
import { listening } from '../adapters/servers.ts';
import { start } from '../contracts/samples.ts';

test('the list says how much and how old, and what redriving is where it is no moving', () => {
  const queues = [
    { name: 'gate', messages: 2, oldestAt: start, remedy: 'move' as const },
    { name: 'outbox', messages: 1, remedy: 'drain' as const, note: 'Positions.' },
    { name: 'dns', messages: 0, remedy: 'move' as const },
  ];
  expect(dlqsText({ queues }, new Date(Date.parse(start) + 3 * 3600_000))).toBe(
    [
      `gate    2 messages, the oldest since ${start} (3 h)`,
      'outbox  1 messages\n  Positions.',
      'dns     empty',
    ].join('\n'),
  );
});

test.each([
  [0, '0 min'],
  [59, '59 min'],
  [60, '1 h'],
  [60 * 47, '47 h'],
  [60 * 72, '3 days'],
])('%i minutes are %s', (minutes, words) => {
  expect(ageText(start, new Date(Date.parse(start) + minutes * 60_000))).toBe(words);
});

test('each message is shown with its reason', () => {
  const message = { id: 'm-1', sentAt: start, why: 'refused' as const, reason: 'no digest', body: '{}' };
  expect(dlqText({ name: 'gate', remedy: 'move', messages: [message], more: true })).toBe(
    `m-1  sent ${start}  refused\n  why   no digest\n  body  {}\nThere may be more: these are the first that SQS gave.`,
  );
  expect(dlqText({ name: 'gate', remedy: 'move', messages: [], more: false })).toContain('no messages');
});

test('what was not redriven is named with its reason', () => {
  const failed = [{ id: 'm-2', reason: 'throttled' }];
  const answer = {
    name: 'gate',
    remedy: 'move' as const,
    done: ['m-1'],
    failed,
    missing: ['m-9'],
    before: start,
    more: false,
  };
  expect(redriveText(answer).split('\n')).toEqual([
    'gate: 1 messages moved to the stage, 1 not',
    '  m-2  throttled',
    expect.stringMatching(/^ {2}m-9 {2}is not in the DLQ/),
  ]);
});

test('redrive asks for part after part, and ends with 1 where a message stayed', async () => {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    asked.push([request.url, JSON.parse(await text(request))]);
    const part = { name: 'gate', remedy: 'move', done: ['m-1'], missing: [], before: start };
    const failed = asked.length === 2 ? [{ id: 'm-2', reason: 'throttled' }] : [];
    response.end(JSON.stringify({ ...part, failed, more: asked.length === 1 }));
  });
  const { port, close } = await listening(server);
  const cli = join(import.meta.dirname, '../../cli/schwifty.ts');
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    SCHWIFTY_API: `http://127.0.0.1:${port}`,
    SCHWIFTY_TOKEN: 't',
  };
  const { code, out } = await new Promise<{ code: unknown; out: string }>((resolve) => {
    execFile(process.execPath, [cli, 'dlq', 'redrive', 'gate'], { env }, (error, stdout) =>
      resolve({ code: error?.code ?? 0, out: stdout }),
    );
  });
  await close();
  expect(asked).toEqual([
    ['/dlqs/gate/redrive', {}],
    ['/dlqs/gate/redrive', { before: start }],
  ]);
  expect(code).toBe(1);
  expect(out).toContain('gate: 2 messages moved to the stage, 1 not');
});
