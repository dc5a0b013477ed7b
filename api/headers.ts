/** Headers that requests name versions and themselves by, and how those are said that are not there or not valid. */
import type { Environment } from '#core/environment.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { fieldsOf, ProblemError } from './problem.ts';

/** Strong: an environment's version changes with every write. */
export const etagOf = ({ version }: Pick<Environment, 'version'>): { readonly etag: string } => ({
  etag: `"${version}"`,
});

/** On every change of an environment: the version that was read, and that the write expects. */
export const IfMatch = z.object({
  'if-match': z
    .pipe(
      z.string().check(z.regex(/^"\d{1,10}"$/, 'one ETag, as it was answered: "7"')),
      z.transform((tag) => Number(tag.slice(1, -1))),
    )
    .check(z.describe('The ETag that the environment was read with.')),
});

/** Without it a change is refused by a status of its own (RFC 6585); all else is a bad request. */
export function headersOf<H extends z.ZodMiniObject>(
  schema: H,
  header: (name: string) => string | undefined,
): z.output<H> {
  const names = Object.keys(schema.shape);
  const given = Object.fromEntries(names.flatMap((name) => pairOf(name, header(name))));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  if ('if-match' in schema.shape && !('if-match' in given)) throw unconditional;
  const fields = fieldsOf(parsed.error).map(({ path, message }) => ({
    path,
    message: path in given ? message : 'is not there',
  }));
  const detail = fields.map(({ path, message }) => `header ${path}: ${message}`).join('; ');
  throw new ProblemError(400, 'A header is not valid', detail, { fields });
}

const pairOf = (name: string, value: string | undefined): [string, string][] =>
  value === undefined ? [] : [[name, value]];

const unconditional = new ProblemError(
  428,
  'No If-Match',
  'A change names the version that it is made on: send If-Match with the ETag that the environment was read with.',
);

/** What was read is not what was to be changed. */
export function mustMatch(environment: Environment, version: number): void {
  if (environment.version === version) return;
  throw changedMeanwhile(environment.key, version, environment);
}

export function changedMeanwhile(key: EnvironmentKey, version: number, now?: Environment): ProblemError {
  const is = now ? `it is at version ${now.version}` : 'somebody else wrote first';
  const detail = `${environmentId(key)} is no longer at version ${version}: ${is}. Read it and try again.`;
  return new ProblemError(412, 'Changed meanwhile', detail, now ? { headers: etagOf(now) } : {});
}
