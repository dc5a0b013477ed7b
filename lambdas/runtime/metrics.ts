/**
 * Metrics as lines of the log, which CloudWatch reads: no call, no client, no waiting. Dimension is the stage alone.
 * Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".
 */
import type { Measure } from '#core/measures.ts';
import { fieldsAtHand, toLog } from './log.ts';

const namespace = 'GetSchwifty';

/** One value of a name a line; CloudWatch takes 100 names in one. */
export function metricLine(stage: string, measures: readonly Measure[], timestamp: number): string {
  const Metrics = measures.map(({ name, unit }) => ({ Name: name, Unit: unit }));
  return JSON.stringify({
    _aws: {
      Timestamp: timestamp,
      CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [['Stage']], Metrics }],
    },
    Stage: stage,
    ...Object.fromEntries(measures.map(({ name, value }) => [name, value])),
  });
}

/** Of the stage whose message is at hand; where there is none, as in a test, nothing is measured. */
export function measure(measures: readonly Measure[], write: (line: string) => void = toLog): void {
  const stage = fieldsAtHand()['stage'];
  if (typeof stage !== 'string' || measures.length === 0) return;
  write(metricLine(stage, measures, Date.now()));
}
