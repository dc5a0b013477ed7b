/** A line of metrics is what CloudWatch's embedded metric format asks for, or CloudWatch drops it without a word. */
import { expect, test } from 'vitest';
import { count, time } from '#core/measures.ts';
import * as z from '#core/zod.ts';
import { withFields } from '#lambdas/runtime/log.ts';
import { measure, metricLine } from '#lambdas/runtime/metrics.ts';

/** Amazon CloudWatch user guide, "Specification: Embedded metric format": the schema there, as far as we use it. */
const name = z.string().check(z.minLength(1), z.maxLength(1024));
const Line = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int().check(z.positive()),
    CloudWatchMetrics: z
      .array(
        z.strictObject({
          Namespace: name,
          Dimensions: z
            .array(z.array(z.string().check(z.maxLength(250))).check(z.maxLength(30)))
            .check(z.minLength(1)),
          Metrics: z
            .array(z.strictObject({ Name: name, Unit: z.enum(['Count', 'Milliseconds']) }))
            .check(z.maxLength(100)),
        }),
      )
      .check(z.minLength(1)),
  }),
});

test('each metric and each dimension that is named is a member of the line', () => {
  const text = metricLine('gate', [count('Handled'), time('MessageAge', 12.6)], 1_770_000_000_000);
  expect(text).not.toContain('\n');
  const line = Line.parse(JSON.parse(text));
  for (const { Namespace, Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
    expect(Namespace).toBe('GetSchwifty');
    expect(Dimensions).toEqual([['Stage']]);
    for (const key of Dimensions.flat()) expect(line[key]).toBe('gate');
    for (const { Name } of Metrics) expect(line[Name]).toEqual(expect.any(Number));
  }
  expect(line).toMatchObject({ Handled: 1, MessageAge: 13 });
});

test('it is of the stage whose message is at hand, two side by side do not mix, and outside of one there is none', async () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  measure([count('Handled')], write);
  await Promise.all(
    ['gate', 'deploy'].map((stage) =>
      withFields({ stage }, async () => {
        await Promise.resolve();
        measure([count('Handled')], write);
        measure([], write);
      }),
    ),
  );
  expect(lines.map((line) => JSON.parse(line).Stage)).toEqual(['gate', 'deploy']);
});
