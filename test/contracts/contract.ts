/**
 * A contract: what the callers of a port rely upon, as tests that every adapter passes, fakes and AWS's alike.
 *
 * Two implementations stand for AWS, and neither is AWS. Where one differs, AWS's documentation and the SDK's models
 * decide: the test stays as it is, and the difference is named with its source. Then the test holds that the
 * difference is still there, so that it fails when it goes away, and nothing is ever skipped.
 */
import { describe, expect, test } from 'vitest';

interface Deviation {
  /** What the implementation does instead. */
  readonly does: string;
  /** Where AWS says what is right. */
  readonly source: string;
  /** What the test's failure says. */
  readonly seen: RegExp;
}
/** By the title of the test. */
export type Deviations = Readonly<Record<string, Deviation>>;

export type ContractTest = (title: string, work: () => Promise<void>) => void;

export function contract(
  adapter: string,
  port: string,
  deviations: Deviations,
  define: (test: ContractTest) => void,
): void {
  describe(`${adapter} keeps the contract of ${port}`, () => {
    const titles = new Set<string>();
    define((title, work) => {
      titles.add(title);
      const known = deviations[title];
      if (known === undefined) test(title, work);
      else test(`${title} (${adapter}: ${known.does})`, () => stillDeviates(known, work));
    });
    const unknown = Object.keys(deviations).filter((title) => !titles.has(title));
    if (unknown.length > 0) throw new Error(`deviations of ${adapter} name no test: ${unknown.join('; ')}`);
  });
}

async function stillDeviates(known: Deviation, work: () => Promise<void>): Promise<void> {
  const failure = await work().then(
    () => undefined,
    (error: unknown) => String(error),
  );
  if (failure === undefined) throw new Error('it holds by now: take it off the known deviations');
  expect(failure).toMatch(known.seen);
}
