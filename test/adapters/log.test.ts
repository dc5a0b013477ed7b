/** A line of the log is one object of JSON on one line, whatever is logged: who searches it relies on that. */
import { expect, test } from 'vitest';
import { makeLog } from '#adapters/log.ts';
import * as z from '#core/zod.ts';

const Line = z.looseObject({
  level: z.enum(['INFO', 'WARN', 'ERROR']),
  message: z.string(),
  timestamp: z.iso.datetime(),
  service: z.literal('gate'),
});

function logged(write: (log: ReturnType<typeof makeLog>) => void, known?: () => Record<string, string>) {
  const lines: string[] = [];
  write(makeLog({ service: 'gate', ...(known && { known }), write: (line) => void lines.push(line) }));
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('\n');
  return Line.parse(JSON.parse(lines[0] ?? ''));
}

test('a line says how bad it is, what is known of the record at hand, and what it was given; what is undefined is left out', () => {
  const line = logged(
    (log) => log.info('judged', { digest: 'sha256:1', blocking: 2, scan: undefined }),
    () => ({ stage: 'gate', digest: 'known before' }),
  );
  expect(line).toMatchObject({
    level: 'INFO',
    message: 'judged',
    stage: 'gate',
    digest: 'sha256:1',
    blocking: 2,
  });
  expect(line).not.toHaveProperty('scan');
  expect(logged((log) => log.warn('no image')).level).toBe('WARN');
});

test('an error is told with its stack and its causes, and without what a client hung on it', () => {
  const cause = new TypeError('fetch failed', { cause: 'ECONNRESET' });
  const error = Object.assign(new Error('no answer', { cause }), {
    $response: { headers: { authorization: 'secret' } },
  });
  const line = logged((log) => log.error('not sent', error, { id: 'e-1' }));
  expect(line).toMatchObject({
    level: 'ERROR',
    id: 'e-1',
    error: {
      name: 'Error',
      message: 'no answer',
      stack: expect.stringContaining('log.test.ts'),
      cause: { name: 'TypeError', message: 'fetch failed', cause: 'ECONNRESET' },
    },
  });
  expect(JSON.stringify(line)).not.toContain('secret');
});

test('what was thrown and is no error is told as text, and a cause that leads back to itself ends', () => {
  expect(logged((log) => log.error('not sent', 'throttled'))['error']).toBe('throttled');
  const circular = new Error('a');
  circular.cause = new Error('b', { cause: circular });
  expect(logged((log) => log.error('not sent', circular))['error']).toMatchObject({ message: 'a' });
});
