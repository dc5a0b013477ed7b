/**
 * A POST is done once, however often it is sent: its key is the person's, names one request, and gets the first answer again for a
 * day (draft-ietf-httpapi-idempotency-key-header-07). What was refused or failed leaves the key free, unless it was done.
 */
import { createHash } from 'node:crypto';
import { unreachable } from '#core/errors.ts';
import { addSeconds } from '#core/names.ts';
import type { Clock } from '#core/ports.ts';
import type { KeptAnswer, RequestRef, Requests } from '#core/request-ports.ts';
import * as z from '#core/zod.ts';
import { ProblemError } from './problem.ts';

export const IdempotencyKey = z.object({
  'idempotency-key': z
    .pipe(
      z
        .string()
        .check(
          z.regex(
            /^(?:"[\w.:-]{1,64}"|[\w.:-]{1,64})$/,
            'up to 64 letters, digits and _ . : -, in quotes or without',
          ),
        ),
      z.transform((key) => key.replaceAll('"', '')),
    )
    .check(
      z.describe('Of your choice, such as a UUID: the same request sent again under it is not done again.'),
    ),
});

/** Longer than the function lives. */
const leaseSeconds = 60;

interface Work {
  readonly ref: RequestRef;
  /** Method, path and body. */
  readonly asked: readonly string[];
  readonly answer: () => Promise<KeptAnswer>;
}

export async function once(
  { requests, clock }: { readonly requests: Requests; readonly clock: Clock },
  { ref, asked, answer }: Work,
): Promise<KeptAnswer> {
  const now = clock.now();
  const fingerprint = createHash('sha256').update(asked.join('\n')).digest('hex');
  const begun = await requests.begin(ref, fingerprint, now, addSeconds(now, leaseSeconds));
  switch (begun.state) {
    case 'yours':
      return firstTime(requests, ref, answer);
    case 'answered':
      return begun.answer;
    case 'running':
      throw beingDone(ref);
    case 'done':
      throw doneAlready(ref);
    case 'other':
      throw anotherRequest(ref);
    default:
      return unreachable(begun);
  }
}

async function firstTime(requests: Requests, ref: RequestRef, work: Work['answer']): Promise<KeptAnswer> {
  let answer: KeptAnswer;
  try {
    answer = await work();
  } catch (error) {
    await requests.free(ref);
    throw error;
  }
  await requests.finish(ref, answer);
  return answer;
}

const beingDone = ({ key }: RequestRef) =>
  new ProblemError(409, 'Being done', `The request ${key} is being done: ask again.`, {
    headers: { 'retry-after': '1' },
  });
const doneAlready = ({ key }: RequestRef) =>
  new ProblemError(
    409,
    'Done already',
    `The request ${key} is done, and its answer was not kept: read what it was about.`,
  );
const anotherRequest = ({ key }: RequestRef) =>
  new ProblemError(
    422,
    'Another request',
    `Idempotency-Key ${key} was sent with another request: take a new one.`,
    { fields: [{ path: 'idempotency-key', message: 'was sent with another request' }] },
  );
