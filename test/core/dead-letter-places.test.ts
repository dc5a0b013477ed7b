/** The DLQs as the API's function is told of them: what lib/ writes is what it reads, and each kind says what redriving is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NamedPlace, placesOf, placesText, type Unmoved } from '#core/dead-letter-places.ts';

const beside = 'https://sqs.eu-west-1.amazonaws.com/111122223333/first';
const at = (queue: string) => `https://sqs.eu-west-1.amazonaws.com/111122223333/${queue}`;
const remedies: Readonly<Record<Unmoved, string>> = {
  outbox: 'drain',
  reconcile: 'drop',
  deployment: 'drop',
  undelivered: 'none',
};

/** What SQS takes for a name of a queue, and a place's own grammar. */
const queue = fc.stringMatching(/^[A-Za-z0-9_-]{1,80}$/);
const to: fc.Arbitrary<NamedPlace['to']> = fc.oneof(
  fc.record({ queue }),
  fc.record({ unmoved: fc.constantFrom<Unmoved>('outbox', 'reconcile', 'deployment', 'undelivered') }),
);
const place = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/),
  deadLetters: queue,
  to,
});

describe('the places of DLQs', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 1 }), (places) => {
        const read = placesOf(placesText(places), beside);
        const wanted = places.map(({ name, deadLetters, to }) => ({
          name,
          url: at(deadLetters),
          ...('queue' in to
            ? { remedy: 'move', queueUrl: at(to.queue) }
            : { remedy: remedies[to.unmoved], note: expect.stringMatching(/.{20}/) }),
        }));
        expect(read).toEqual(wanted);
      }),
    );
  });

  it('are refused where somebody wrote them by hand, and told which', () => {
    expect(() => placesOf('gate dlq queue,outbox dlq !else', beside)).toThrow('the DLQ "outbox dlq !else"');
    expect(() => placesOf('', beside)).toThrow('the DLQ "" is not valid');
  });
});
