/** What only an option makes is held to the same rules: all stacks, with every option at once. */
import { describe, expect, it } from 'vitest';
import { everyContext } from '#local/judges/every-option.ts';
import { Assembly } from './assembly.ts';
import { consumers } from './invariants/consumers.ts';
import { keeping } from './invariants/keeping.ts';
import { copyOf, every } from './invariants/rule.ts';
import { subscribers, undelivered } from './invariants/undelivered.ts';
import { nagged } from './nag.ts';

const assembly = Assembly.withEveryOption();
const { stacks } = assembly;

it.each([...consumers, ...undelivered, ...keeping, subscribers])('$says', ({ problems }) =>
  expect(problems(stacks)).toEqual([]),
);

describe(subscribers.says, () => {
  it('and there are some', () => {
    const found = every(stacks, 'AWS::SNS::Subscription').map(({ Properties }) => Properties['Endpoint']);
    expect(found).toEqual(everyContext.pagerSubscriptions.split(','));
  });

  it.each(Object.entries(subscribers.plants))('finds %s', (_, plant) => {
    const copy = copyOf(stacks);
    plant(copy);
    expect(subscribers.problems(copy)).not.toEqual([]);
  });
});

it('every DLQ is in the list that operators are shown, that of notices too', () => {
  const shown = JSON.stringify(
    assembly.controlPlaneResource(assembly.idOf('ApiFunctionName')).Properties['Environment'],
  );
  const dlqs = every(stacks, 'AWS::SQS::Queue').filter(
    ({ Properties }) => Properties['RedrivePolicy'] === undefined,
  );
  expect(dlqs.filter(({ id }) => !shown.includes(id)).map(({ id }) => id)).toEqual([]);
});

it('cdk-nag has no finding without a reason, and no reason is without a finding', () =>
  expect(nagged(assembly.app)).toEqual({ bare: [], stale: [] }));
