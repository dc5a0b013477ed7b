/** Who follows whom: no circle, no chain without an end. */
import { describe, expect, it } from 'vitest';
import { followersOf, mostDepth, whyNotAfter } from '#core/jobs/standing/chain.ts';
import { following, keyOf, nightly } from './samples.ts';

const one = (name: string, after?: string) => ({
  name: keyOf(name).name,
  spec: after === undefined ? nightly : following(after),
});
const chain = (length: number) =>
  Array.from({ length }, (_, n) => one(`job${n}`, n === 0 ? undefined : `job${n - 1}`));

describe('a standing job', () => {
  it('follows one of its team', () => {
    expect(whyNotAfter(one('bb', 'a-first'), [one('a-first')])).toBeUndefined();
    expect(whyNotAfter(one('bb', 'aa'), [])).toBe('the team has no standing job aa');
  });

  it('never follows itself, however far around', () => {
    expect(whyNotAfter(one('aa', 'aa'), [one('aa')])).toBe('it would follow itself');
    const all = [one('aa'), one('bb', 'aa'), one('cc', 'bb')];
    expect(whyNotAfter(one('aa', 'cc'), all)).toMatch(/^it would follow itself: aa → bb → cc → aa$/);
    expect(whyNotAfter(one('cc', 'aa'), all)).toBeUndefined();
  });

  it('is at the end, or in the midst, of no longer chain than may be', () => {
    const whole = chain(mostDepth + 1);
    const last = whole.at(-1)?.name ?? '';
    expect(whyNotAfter(one(last, `job${mostDepth - 1}`), whole)).toBeUndefined();
    expect(whyNotAfter(one('end', last), whole)).toMatch(/a chain of 10 jobs: 9 at most/);
    expect(whyNotAfter(one('job0', 'first'), [...whole, one('first')])).toMatch(/a chain of 10 jobs/);
  });

  it('says who follows it, whatever circle two changes at once made', () => {
    const round = [one('aa', 'bb'), one('bb', 'aa')];
    expect(followersOf('aa', round).map(({ name }) => name)).toEqual(['bb']);
    expect(whyNotAfter(one('cc', 'aa'), round)).toMatch(/follow itself/);
  });
});
