/**
 * zod, set up once: all files have it from here. It is the small one. What `zod` has beside it, methods for everything
 * and a compiler of schemas, would be a part of each cold start (docs/adr/0018). So would be the schemas: each is made
 * when something is first asked of it, and most that a function loads never are.
 */
import { en } from 'zod/locales';
import * as z from 'zod/mini';

// Without it every complaint reads "Invalid input".
z.config(en());

type Schema = z.ZodMiniType;

/** Stands for a schema, or for a check, and knows how to make it until something is asked of it. */
class Later {
  readonly #make: () => Schema;
  #made: Schema | undefined;

  constructor(make: () => Schema) {
    this.#make = make;
  }

  get made(): Schema {
    if (!this.#made) {
      this.#made = this.#make();
      // `describe` says it of that one, and whoever makes documents asks for it by this.
      const said = z.globalRegistry.get(this.#made);
      if (said) z.globalRegistry.add(this as never, said);
    }
    return this.#made;
  }

  /** All that zod asks. It asks for each value again: from the second time on it is no detour. */
  get _zod(): Schema['_zod'] {
    const { _zod: value } = this.made;
    Object.defineProperty(this, '_zod', { value });
    return value;
  }

  check(...checks: Parameters<Schema['check']>): Later {
    return new Later(() => this.made.check(...checks));
  }

  brand(): Later {
    return this;
  }
}
/** What people may ask. */
const others = { get: (_: object, name: string, { made }: Later): unknown => Reflect.get(made, name) };
Object.setPrototypeOf(Later.prototype, new Proxy({}, others));

/** @returns the same, made later. It is of zod's own type: whatever is asked of what stands for a schema, the schema answers. */
// @__NO_SIDE_EFFECTS__
const later = <Make extends (...given: never[]) => unknown>(make: Make): Make =>
  ((...given: never[]) => new Later(() => make(...given) as Schema)) as unknown as Make;

/** A schema never changes, `check` makes another: two that say the same are one. */
// @__NO_SIDE_EFFECTS__
function once<S>(make: () => S): () => S {
  let made: S | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The same by what it is made of; with words of its own it is made anew. */
// @__NO_SIDE_EFFECTS__
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
export const string = once(later(() => z.string()));
export const int = once(later(() => z.int()));
export const boolean = once(later(() => z.boolean()));
export const unknown = once(later(() => z.unknown()));
export const number = once(later(() => z.number()));
const laterArray = later(z.array);
export const array = onceOf(laterArray);
const laterOptional = later(z.optional);
export const optional = onceOf(laterOptional);
export const minLength = onceOf(later(z.minLength));
export const maxLength = onceOf(later(z.maxLength));
export const minimum = onceOf(later(z.minimum));
export const maximum = onceOf(later(z.maximum));
export const regex = later(z.regex);
export const refine = later(z.refine);
export const positive = later(z.positive);
export const nonnegative = later(z.nonnegative);
export const url = later(z.url);
export const iso = { date: later(z.iso.date), datetime: later(z.iso.datetime) };
export const literal = later(z.literal);
const laterEnum = later(z.enum);

export { laterEnum as enum };
export const object = later(z.object);
export const looseObject = later(z.looseObject);
export const record = later(z.record);
export const tuple = later(z.tuple);
export const union = later(z.union);
export const discriminatedUnion = later(z.discriminatedUnion);
export const nullable = later(z.nullable);
export const nullish = later(z.nullish);
export const _default = later(z._default);
export const prefault = later(z.prefault);
export const transform = later(z.transform);
export const pipe = later(z.pipe);
export const pick = later(z.pick);
export const extend = later(z.extend);

const nothing = later(z.never)();
/** With one schema for all that it does not take, not one each. */
export const strictObject = later(
  <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
    new z.ZodMiniObject({ type: 'object', shape, catchall: nothing }) as ReturnType<
      typeof z.strictObject<Shape>
    >,
);
