/** Invariants over the synthesized stacks: each holds, and each finds what is planted against it. */
import { describe, expect, it } from 'vitest';
import { Assembly } from './assembly.ts';
import { builders } from './invariants/builders.ts';
import { consumers } from './invariants/consumers.ts';
import { keeping } from './invariants/keeping.ts';
import { copyOf } from './invariants/rule.ts';
import { undelivered } from './invariants/undelivered.ts';

const { stacks } = new Assembly();

describe.each([...builders, ...consumers, ...undelivered, ...keeping])('$says', ({ problems, plants }) => {
  it('holds', () => expect(problems(stacks)).toEqual([]));

  it.each(Object.entries(plants))('finds %s', (_, plant) => {
    const copy = copyOf(stacks);
    plant(copy);
    expect(problems(copy)).not.toEqual([]);
  });
});
