// OSV's rules of which versions a record affects.
import { describe, expect, test } from 'vitest';
import { parseAdvisory } from '#local/images/scanner/advisories.ts';
import { evaluate } from '#local/images/scanner/match.ts';

type Events = readonly Record<string, string>[];

function affectedOf(events: Events | undefined, versions: readonly string[] = [], type = 'ECOSYSTEM') {
  const ranges = events ? [{ type, events }] : [];
  const affected = [{ package: { ecosystem: 'npm', name: 'x' }, ranges, versions }];
  const [parsed] = parseAdvisory({ id: 'X-1', modified: '2026-01-01T00:00:00Z', affected }).affected;
  if (!parsed) throw new Error('no affected package');
  return parsed;
}

describe('evaluate', () => {
  const twoBranches = [{ introduced: '2.0.0' }, { fixed: '2.1.0' }, { introduced: '0' }, { fixed: '1.5.0' }];
  test.each<[string, Events, string, string | false | undefined]>([
    ['before the fix', [{ introduced: '0' }, { fixed: '1.2.6' }], '1.2.5', '1.2.6'],
    ['the fix itself', [{ introduced: '0' }, { fixed: '1.2.6' }], '1.2.6', false],
    ['a pre-release of the fix', [{ introduced: '0' }, { fixed: '1.2.6' }], '1.2.6-rc.1', '1.2.6'],
    ['before it was introduced', [{ introduced: '1.0.0' }, { fixed: '1.2.6' }], '0.9.0', false],
    ['the last affected', [{ introduced: '0' }, { last_affected: '1.2.6' }], '1.2.6', undefined],
    ['after the last affected', [{ introduced: '0' }, { last_affected: '1.2.6' }], '1.2.7', false],
    ['never repaired', [{ introduced: '0' }], '99.0.0', undefined],
    ['the old branch, events in any order', twoBranches, '1.4.0', '1.5.0'],
    ['between the branches', twoBranches, '1.6.0', false],
    ['the new branch', twoBranches, '2.0.5', '2.1.0'],
  ])('%s', (_, events, version, expected) => {
    const verdict = evaluate(affectedOf(events), version, 'npm');
    expect(verdict).toEqual(expected === false ? { affected: false } : { affected: true, fixedIn: expected });
  });

  test('lists of versions count, and ranges of commits do not', () => {
    expect(evaluate(affectedOf(undefined, ['1.0.0']), '1.0.0', 'npm')).toEqual({
      affected: true,
      fixedIn: undefined,
    });
    expect(evaluate(affectedOf([{ introduced: '0' }], [], 'GIT'), '1.0.0', 'npm')).toEqual({
      affected: false,
    });
  });
});
