/** A world with a second team: what one offers, the other accepts, and what the other makes of it comes to be Ready. */

import type { Config } from '#core/config.ts';
import { change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { addSeconds } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import { Team } from '#core/team.ts';
import { digestOf, keyOf } from '../contracts/samples.ts';
import { config, World } from './world.ts';

export const heir = keyOf('billing', 'web');
/** Approver of the team that gets it. */
export const ben: Person = { name: 'ben', groups: ['billing-approvers'] };
export const mia: Person = { name: 'mia', groups: ['billing-members'] };

export const worldOfTwo = (billing: object = {}, parts: Partial<Config> = {}): World =>
  new World({
    ...parts,
    environments: [],
    teams: [
      ...config.teams,
      Team.parse({ name: 'billing', members: 'billing-members', approvers: 'billing-approvers', ...billing }),
    ],
  });

/** As if it had been built, approved by its own team, released and rolled out. */
export const rolledOut = (world: World): Promise<Environment> =>
  world.decide((environment, now) => {
    const approval = { approver: 'ben', approvedAt: now, policyVersion: '1', waivers: [] };
    const digest = digestOf('heir');
    const image = { digest, pushedAt: now, tags: ['build-1'] };
    const parts = {
      candidate: { phase: 'promoted' as const, image, approval, since: now },
      release: {
        phase: 'ready' as const,
        digest,
        approval,
        address: 'lb-2.elb.example',
        since: now,
        lookAt: addSeconds(now, 3600),
      },
    };
    return change(environment, parts, { at: now, actor: 'deploy', what: 'it is Ready' });
  }, heir);
