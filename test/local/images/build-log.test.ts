/** A build's log, whatever the build prints: bounded, in order, whole lines, and no end of the build by it. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildLog, type SendLines } from '#local/images/build-log.ts';
import { clipSteps } from '#local/images/step-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function logOf({ send, limitBytes }: { send?: SendLines; limitBytes?: number } = {}) {
  const sent: string[] = [];
  const batches: number[] = [];
  const failures: unknown[] = [];
  const log = buildLog({
    path: join(folder, 'build.log'),
    send:
      send ??
      (async (lines) => {
        batches.push(lines.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0));
        sent.push(...lines.map(({ message }) => message));
      }),
    failed: (error) => failures.push(error),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  });
  return { log, sent, batches, failures };
}

describe('the log', () => {
  test('has each line once, however it was cut in pieces; an empty one is a space', async () => {
    const { log, sent } = logOf();
    for (const piece of ['on', 'e\ntw', 'o\n\nthree']) log.write(piece);
    await log.close();
    expect(sent).toEqual(['one', 'two', ' ', 'three']);
    expect(readFileSync(log.path, 'utf8')).toBe('one\ntwo\n\nthree');
  });

  test('of a build that prints a gigabyte is as long as its limit, and says so', async () => {
    const { log, sent, batches } = logOf({ limitBytes: 1024 * 1024 });
    const piece = `${'x'.repeat(1023)}\n`.repeat(1024);
    for (let i = 0; i < 1024; i++) log.write(piece);
    await log.close();
    expect(statSync(log.path).size).toBeLessThan(1024 * 1024 + 100);
    expect(sent.at(-1)).toBe('[Container] The log is cut here: 1048576 bytes');
    expect(Math.max(...batches)).toBeLessThanOrEqual(1024 * 1024);
  });

  test('a line without an end is cut in events that are taken', async () => {
    const { log, sent } = logOf();
    log.write('y'.repeat(1_000_000));
    await log.close();
    expect(sent.join('')).toBe('y'.repeat(1_000_000));
    expect(Math.max(...sent.map((text) => text.length))).toBeLessThanOrEqual(64 * 1024);
  });

  test('that is not taken is told of, and the build goes on', async () => {
    const refusing: SendLines = async () => {
      throw new Error('AccessDenied');
    };
    const { log, failures } = logOf({ send: refusing });
    log.write('one\n');
    await log.close();
    expect(failures).toHaveLength(1);
    expect(readFileSync(log.path, 'utf8')).toBe('one\n');
  });
});

describe('a step', () => {
  test('prints so much and no more; the next one begins anew', () => {
    const printed = clipSteps(20);
    expect(['STEP 1/2: x\n', '123456\n', '78901\n', '2\n', '[1/2] STEP 2/2: y\n'].map(printed)).toEqual([
      'STEP 1/2: x\n',
      '123456\n',
      '[output clipped, log limit 20 bytes reached]\n',
      '',
      '[1/2] STEP 2/2: y\n',
    ]);
  });
});
