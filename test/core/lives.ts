import type { Environment, Part } from '#core/environment.ts';
import { type News, next } from '#core/machine.ts';
import { ann, at, changed, healthy, policy, ready, spec, verdict } from './samples.ts';

export const turned = (environment: Environment, news: News, seconds = 1000): Environment =>
  changed(next(environment, news, at(seconds))).environment;
export const runs = (): Environment => ({ ...ready(), recheckAt: at(3600) });
export const stop = { kind: 'stop-asked', person: ann } as const;
export const remove = { kind: 'deletion-asked', person: ann } as const;
export const start = (parts: Partial<Parameters<typeof verdict>[1]> = {}) =>
  ({ kind: 'start-asked', person: ann, today: { verdict: verdict(1, parts), policy, waivers: [] } }) as const;
export const idle = { kind: 'observed', health: healthy(1, { ready: false, idle: true }) } as const;
export const gone = (part: Part, is = true, kept?: string) =>
  ({ kind: 'part-seen', part, gone: is, kept }) as const;
export const bigger = { ...spec, resources: { ...spec.resources, memoryMiB: 512 } };
