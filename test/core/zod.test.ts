/** zod as core/zod.ts sets it up: the small one says "Invalid input" to everything, unless it is given the words. */
import { expect, test } from 'vitest';
import { parse, problemsOf } from '#core/errors.ts';
import * as z from '#core/zod.ts';

test('what is wrong is said in words', () => {
  const schema = z.strictObject({ name: z.string().check(z.minLength(2)), count: z.optional(z.int()) });
  expect(() => parse(schema, { name: 'a', count: 'two', more: 1 }, 'the sample')).toThrow(
    'the sample is not valid: name: Too small: expected string to have >=2 characters; ' +
      'count: Invalid input: expected number, received string; the whole: Unrecognized key: "more"',
  );
  const { error } = schema.safeParse('text');
  expect(error && problemsOf(error)).toBe('the whole: Invalid input: expected object, received string');
});
