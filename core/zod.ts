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

export * from 'zod/mini';
export const string = once(() => z.string());
export const int = once(() => z.int());
export const boolean = once(() => z.boolean());
export const unknown = once(() => z.unknown());
