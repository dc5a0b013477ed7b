/** What is counted and timed of a decision: a few figures per stage, never one per environment. */

import type { Change } from './decision.ts';
import type { Environment } from './environment.ts';
import { unreachable } from './errors.ts';
import { secondsBetween } from './names.ts';
import type { Verdict } from './verdict.ts';

export type MeasureName =
  /** Messages, by what became of them. A rejected one is in the DLQ, a retried one comes again. */
  | 'Handled'
  | 'Rejected'
  | 'Retried'
  | 'Conflicts'
  /** Of a custom resource: its deployment was told that it could not be made. */
  | 'Failed'
  /** From the sending of a message to the end of its handling. */
  | 'MessageAge'
  /** Of the API, and of a custom resource. */
  | 'ResponseTime'
  | 'VerdictPass'
  | 'VerdictBlock'
  | 'VerdictStale'
  /** From the push of an image to its first verdict that counts. */
  | 'TimeToVerdict'
  /** From the approval to the image in the release repository, and from there to Ready. */
  | 'PromotionTime'
  | 'RolloutTime'
  | 'IncidentsOpened'
  | 'IncidentsRecovered'
  /** Entries of the outbox that were sent, that could not be, and that were set aside. */
  | 'Sent'
  | 'Unsent'
  /** Names that nobody has any more. */
  | 'Orphans'
  /** Jobs that were started, and tries of a standing job that fails to start any, again and again. */
  | 'Started'
  | 'NotStarted';

/** A time is in milliseconds. */
export interface Measure {
  readonly name: MeasureName;
  readonly unit: 'Count' | 'Milliseconds';
  readonly value: number;
}

export const count = (name: MeasureName, value = 1): Measure => ({ name, unit: 'Count', value });
export const time = (name: MeasureName, milliseconds: number): Measure => ({
  name,
  unit: 'Milliseconds',
  value: Math.max(0, Math.round(milliseconds)),
});

const between = (name: MeasureName, from: string, to: string): Measure =>
  time(name, secondsBetween(from, to) * 1000);

/** @param pushedAt of the judged image. */
export function measuresOfVerdict({ result, decidedAt }: Verdict, pushedAt: string): Measure[] {
  return [count(nameOf(result)), between('TimeToVerdict', pushedAt, decidedAt)];
}

function nameOf(result: Verdict['result']): MeasureName {
  switch (result) {
    case 'pass':
      return 'VerdictPass';
    case 'block':
      return 'VerdictBlock';
    case 'stale':
      return 'VerdictStale';
    default:
      return unreachable(result);
  }
}

/** What a change says of the way it has come: told once, when the change was written. */
export function measuresOf(before: Environment, { environment: after, events, at }: Change): Measure[] {
  const { candidate, release } = before;
  const promoted = candidate.phase === 'promoting' && after.candidate.phase === 'promoted';
  const rolledOut = release.phase === 'deploying' && after.release.phase === 'ready';
  const told = (type: Change['events'][number]['type']) => events.filter((event) => event.type === type);
  const opened = told('IncidentOpened').length;
  const recovered = told('IncidentRecovered').length;
  return [
    ...(promoted ? [between('PromotionTime', candidate.since, at)] : []),
    ...(rolledOut ? [between('RolloutTime', release.since, at)] : []),
    ...(opened > 0 ? [count('IncidentsOpened', opened)] : []),
    ...(recovered > 0 ? [count('IncidentsRecovered', recovered)] : []),
  ];
}
