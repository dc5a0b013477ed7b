/** What comes of time, and what people ask for in between, said of an environment. */
import type { Environment } from '#core/environment.ts';
import { next as decide, type News } from '#core/machine.ts';
import type { Instant } from '#core/names.ts';
import { plannedLooks } from '#core/reconcile.ts';
import { Spec } from '#core/spec.ts';
import { ann, next, policy, spec, verdict } from './samples.ts';

export const came = (parts: Partial<Parameters<typeof verdict>[1]> = {}) =>
  ({ kind: 'time-came', today: { verdict: verdict(1, parts), policy, waivers: [] } }) as const;
export const ofSpec = (parts: Record<string, unknown>) =>
  ({ kind: 'changed', spec: Spec.parse({ ...spec, ...parts }), person: ann }) as const;
export const extend = (ttl?: string) => ({ kind: 'extension-asked', ttl, person: ann }) as const;
export const stop = { kind: 'stop-asked', person: ann } as const;

export const turned = (environment: Environment, news: News, now: Instant): Environment =>
  next(decide(environment, news, now));
export const scheduled = (environment: Environment) =>
  plannedLooks(environment)
    .filter(({ stage }) => stage === 'schedule')
    .map(({ at: instant }) => instant);
