/**
 * zod, set up once: all files have it from here. It is the small one. What `zod` has beside it, methods for everything
 * and a compiler of schemas, would be a part of each cold start (docs/adr/0018).
 */
import { en } from 'zod/locales';
import * as z from 'zod/mini';

// Without it every complaint reads "Invalid input".
z.config(en());

/** A schema never changes, `check` makes another: two that say the same are one, and a cold start makes a quarter fewer. */
function once<S>(make: () => S): () => S {
  let made: S | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The same by what it is made of; with words of its own it is made anew. */
function onceOf<Given, Make extends (given: Given, words?: never) => unknown>(
  make: Make & ((given: Given) => unknown),
): Make {
  const made = new Map<Given, unknown>();
  const known = (given: Given, words?: never): unknown => {
    if (words !== undefined) return make(given, words);
    if (!made.has(given)) made.set(given, make(given));
    return made.get(given);
  };
  return known as Make;
}

export * from 'zod/mini';
export const string = once(() => z.string());
export const int = once(() => z.int());
export const boolean = once(() => z.boolean());
export const unknown = once(() => z.unknown());
export const number = once(() => z.number());
export const array = onceOf(z.array);
export const optional = onceOf(z.optional);
export const minLength = onceOf(z.minLength);
export const maxLength = onceOf(z.maxLength);
export const minimum = onceOf(z.minimum);
export const maximum = onceOf(z.maximum);

const nothing = z.never();
/** With one schema for all that it does not take, not one each. */
export const strictObject = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  new z.ZodMiniObject({ type: 'object', shape, catchall: nothing }) as ReturnType<
    typeof z.strictObject<Shape>
  >;
