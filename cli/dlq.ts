/** DLQs in words: how much is in each, why each message is there, and what came of redriving. */
import type { DlqAnswer, DlqsAnswer, RedriveAnswer } from '../api/client/client.ts';

export function dlqsText({ queues }: DlqsAnswer, now = new Date()): string {
  const width = Math.max(...queues.map(({ name }) => name.length));
  return queues
    .map(({ name, messages, oldestAt, note }) => {
      const age = oldestAt === undefined ? '' : `, the oldest since ${oldestAt} (${ageText(oldestAt, now)})`;
      const hint = messages > 0 && note ? `\n  ${note}` : '';
      return `${name.padEnd(width)}  ${messages === 0 ? 'empty' : `${messages} messages${age}`}${hint}`;
    })
    .join('\n');
}

export function ageText(since: string, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

export function dlqText({ name, messages, note, more }: DlqAnswer): string {
  return [
    ...(note ? [note] : []),
    ...(messages.length === 0 ? [`${name} has no messages to read now.`] : []),
    ...messages.flatMap(({ id, sentAt, why, reason, body }) => [
      `${id}  sent ${sentAt}  ${why}`,
      `  why   ${reason}`,
      `  body  ${body}`,
    ]),
    ...(more ? ['There may be more: these are the first that SQS gave.'] : []),
  ].join('\n');
}

const did = {
  move: 'moved to the stage',
  drain: 'done: the outbox sent what was pending',
  drop: 'deleted',
  none: '',
};

export function redriveText({ name, remedy, done, failed, missing }: RedriveAnswer): string {
  return [
    `${name}: ${done.length} messages ${did[remedy]}${failed.length > 0 ? `, ${failed.length} not` : ''}`,
    ...failed.map(({ id, reason }) => `  ${id}  ${reason}`),
    ...missing.map((id) => `  ${id}  is not in the DLQ, or somebody else holds it: try again in a minute`),
  ].join('\n');
}
