/** What a function is given at its start: environment variables and the configuration, both held to their schemas. */
import { readFileSync } from 'node:fs';
import { parse, parseJson } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import type * as z from '#core/zod.ts';

export const readEnv = <S extends z.ZodMiniType>(schema: S): z.infer<S> =>
  parse(schema, process.env, "the function's environment");

/** @param schema of what the function needs of it; lib/bundle.ts has checked the whole and put it beside the code. */
export const readConfig = <S extends z.ZodMiniType>(schema: S): z.infer<S> =>
  parseJson(schema, readFileSync(new URL('./config.json', import.meta.url), 'utf8'), 'config.json');

export const systemClock: Clock = { now: () => new Date().toISOString() };
