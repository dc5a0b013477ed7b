/** What a function is given at its start: environment variables and the configuration, both held to their schemas. */
import { readFileSync } from 'node:fs';
import { parse, parseJson } from '#core/errors.ts';
import type { Clock } from '#core/ports.ts';
import * as z from '#core/zod.ts';

export const readEnv = <S extends z.ZodMiniType>(schema: S): z.infer<S> =>
  parse(schema, process.env, "the function's environment");

/** @param schema of what the function needs of it; lib/bundle.ts has checked the whole and put it beside the code. */
export const readConfig = <S extends z.ZodMiniType>(schema: S): z.infer<S> =>
  parseJson(schema, readFileSync(new URL('./config.json', import.meta.url), 'utf8'), 'config.json');

/** The same, each part of it by its own schema when it is first asked for: where a request or a message needs few, or none. */
export const readConfigByPart = <S extends Parts>(schema: S): z.infer<S> =>
  byPart(schema, readConfig(z.record(z.string(), z.unknown())));

type Parts = z.ZodMiniObject<Readonly<Record<string, z.ZodMiniType>>>;

export function byPart<S extends Parts>(schema: S, given: Readonly<Record<string, unknown>>): z.infer<S> {
  const config = {};
  for (const [name, part] of Object.entries(schema.shape)) {
    const get = () => {
      const value = parse(part, given[name], `${name} in config.json`);
      Object.defineProperty(config, name, { value });
      return value;
    };
    Object.defineProperty(config, name, { get, enumerable: true, configurable: true });
  }
  // It has each part that the schema names, as that part's schema gives it.
  return config as z.infer<S>;
}

export const systemClock: Clock = { now: () => new Date().toISOString() };
