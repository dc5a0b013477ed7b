/**
 * All DLQs, as the API's function is told of them: by the names of queues and by one URL, for all are beside each other. Lambda takes
 * 4 KB of environment variables (AWS Lambda developer guide, "Lambda quotas"), and the URLs of a dozen stages are more than that.
 * A place is `<name> <DLQ> <queue>`, or where its messages go back to none, `<name> <DLQ> !<kind>`; places are parted by commas.
 */
import { DeadLetterPlace, type Remedy } from './dead-letter.ts';
import { parse } from './errors.ts';
import * as z from './zod.ts';

const Unmoved = z.enum(['outbox', 'reconcile', 'deployment', 'undelivered']);
/** What has no queue that its messages could go back to. */
export type Unmoved = z.infer<typeof Unmoved>;

/** What redriving is, where it is no moving. */
const others: Readonly<Record<Unmoved, { readonly remedy: Remedy; readonly note: string }>> = {
  outbox: {
    remedy: 'drain',
    note: 'Positions in the stream, not events: those are pending in the table, and redriving sends them now.',
  },
  reconcile: {
    remedy: 'drop',
    note: 'Ticks of the clock: the next run does all that they would have done. Redriving only empties it.',
  },
  deployment: {
    remedy: 'drop',
    note: 'Requests of a deployment that has ended: deploy again. Redriving only empties it.',
  },
  undelivered: {
    remedy: 'none',
    note: 'Notices that SNS could not deliver: tell people yourself (docs/runbooks/pager.md).',
  },
};

/** By names of queues. */
export interface NamedPlace {
  readonly name: string;
  readonly deadLetters: string;
  readonly to: { readonly queue: string } | { readonly unmoved: Unmoved };
}

export const placesText = (places: readonly NamedPlace[]): string =>
  places
    .map(({ name, deadLetters, to }) =>
      [name, deadLetters, 'queue' in to ? to.queue : `!${to.unmoved}`].join(' '),
    )
    .join(',');

/** @param beside the URL of one of them. */
export function placesOf(text: string, beside: string): readonly DeadLetterPlace[] {
  const urlOf = (queue: string) => beside.slice(0, beside.lastIndexOf('/') + 1) + queue;
  return text.split(',').map((entry) => {
    const [name, deadLetters = '', to = ''] = entry.split(' ');
    const where = `the DLQ "${entry}"`;
    const does = to.startsWith('!')
      ? others[parse(Unmoved, to.slice(1), where)]
      : { remedy: 'move' as const, queueUrl: urlOf(to) };
    return parse(DeadLetterPlace, { name, url: urlOf(deadLetters), ...does }, where);
  });
}
