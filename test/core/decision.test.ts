/** What is logged of a decision. */
import { expect, it } from 'vitest';
import { request } from '#core/build.ts';
import { summaryOf, unchanged } from '#core/decision.ts';
import { at, changed, requested } from './samples.ts';

it('says what was done and told, and nothing that a person wrote', () => {
  const { key, cluster, requester, spec } = requested();
  const secret = { ...spec, files: { '.env': 'PASSWORD=hunter2' }, command: ['run', 'hunter2'] };
  const decision = request({ key, cluster, requester, spec: secret }, at(0));
  expect(changed(decision).environment.spec.files).toEqual({ '.env': 'PASSWORD=hunter2' });
  const summary = summaryOf(decision);
  expect(summary).toEqual({ version: 1, did: 'asked for the environment', told: ['EnvironmentRequested'] });
  expect(JSON.stringify(summary)).not.toContain('hunter2');
});

it('says why nothing was done', () => {
  expect(summaryOf(unchanged('it is known'))).toEqual({ unchanged: 'it is known' });
  expect(summaryOf(undefined)).toEqual({ unchanged: 'nothing to decide' });
});
