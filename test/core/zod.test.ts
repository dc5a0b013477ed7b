/**
 * zod as core/zod.ts sets it up: the small one says "Invalid input" to everything, unless it is given the words. And a schema
 * is not there before something is asked of it: all that may be asked is answered as if it were.
 */
import { describe, expect, test } from 'vitest';
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

describe('a schema that is made when it is first asked', () => {
  test('is not made before', () => {
    const wrong = z.array(z.discriminatedUnion('kind', [z.object({ name: z.string() })]));
    expect(() => wrong.parse([{ name: 'a' }])).toThrow('Invalid discriminated union option');
  });

  test('says what it is made of', () => {
    const Pet = z.object({ name: z.string(), kind: z.enum(['cat', 'dog']) });
    expect(Pet).toBeInstanceOf(z.ZodMiniObject);
    expect(Pet).not.toBeInstanceOf(z.ZodMiniEnum);
    expect(Pet.shape.kind.options).toEqual(['cat', 'dog']);
    expect(z.keyof(Pet).options).toEqual(['name', 'kind']);
    const Named = z.extend(z.pick(Pet, { name: true }), { age: z.optional(z.int()) });
    expect(Named.parse({ name: 'Tom', kind: 'cat', age: 3 })).toEqual({ name: 'Tom', age: 3 });
  });

  test('is checked by all that was added to it, once', () => {
    const seen: string[] = [];
    const told = z.refine<string>((text) => seen.push(text) > 0);
    const Name = z.string().check(z.minLength(2)).brand<'Name'>();
    const Short = Name.check(told, z.maxLength(3));
    expect([Name, Short, Short].map((schema) => schema.safeParse('four').success)).toEqual([
      true,
      false,
      false,
    ]);
    expect(Short.safeParse('a').success).toBe(false);
    expect(Short.parse('abc')).toBe('abc');
    expect(seen).toEqual(['four', 'four', 'a', 'abc']);
  });

  test('is described as if it were made', () => {
    const Name = z.string().check(z.minLength(2), z.describe('What it is called.'));
    expect(z.toJSONSchema(z.object({ name: Name, nick: z.optional(Name) }))).toMatchObject({
      properties: {
        name: { type: 'string', minLength: 2, description: 'What it is called.' },
        nick: { minLength: 2, description: 'What it is called.' },
      },
      required: ['name'],
    });
  });
});
