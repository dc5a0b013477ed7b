/** The configuration, each part of it when it is first asked for. */
import { expect, test } from 'vitest';
import { Config } from '#core/config.ts';
import * as z from '#core/zod.ts';
import { byPart } from '#lambdas/runtime/environment.ts';
import { loadConfig } from '#lib/config-file.ts';

test('is what it is as a whole', () => {
  const whole = loadConfig();
  expect({ ...byPart(Config, JSON.parse(JSON.stringify(whole))) }).toEqual({ identity: undefined, ...whole });
});

test('is parsed when it is asked for, once, and by its own schema', () => {
  const asked: string[] = [];
  const told = (name: string) => z.refine<string>(() => asked.push(name) > 0);
  const Parts = z.strictObject({
    one: z.string().check(told('one')),
    other: z._default(z.string(), 'none').check(told('other')),
  });
  const config = byPart(Parts, { one: 'a' });
  expect(asked).toEqual([]);
  expect([config.other, config.other]).toEqual(['none', 'none']);
  expect(asked).toEqual(['other']);
});

test('says which part is wrong to whoever asks for that one', () => {
  const config = byPart(z.object({ wrong: z.object({ size: z.int() }), right: z.string() }), {
    wrong: { size: 'large' },
    right: 'a',
  });
  expect(config.right).toBe('a');
  expect(() => config.wrong).toThrow('wrong in config.json is not valid: size: Invalid input');
});
