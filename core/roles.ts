/**
 * Who may do what. The identity provider's groups make roles, in one team or everywhere; the table says what each right is
 * for. docs/adr/0015 says why it is cut so.
 */
import type { Config } from './config.ts';
import { type Refusal, refuse } from './decision.ts';
import type { Team } from './team.ts';

export interface Person {
  /** The `sub` or user name of the token. */
  readonly name: string;
  readonly groups: readonly string[];
}

/** The first three in their team alone, the others in every team. */
export type Role = 'member' | 'approver' | 'admin' | 'security' | 'operator';

const all = ['member', 'approver', 'admin', 'security'] as const;
const owners = ['member', 'approver', 'admin'] as const;

/** Whose it is, and what it is called to whom it is refused. */
export const rights = {
  read: { for: all, says: 'see the environments' },
  /** Who runs GetSchwifty needs it for a team that calls. */
  story: { for: [...all, 'operator'], says: 'see what happened in the environments' },
  change: { for: owners, says: 'ask for environments' },
  keys: { for: owners, says: 'have SSH keys' },
  /** In doubt a key goes: whoever sees the danger takes it away. */
  revoke: { for: ['approver', 'admin', 'security'], says: "revoke others' SSH keys" },
  approve: { for: ['approver', 'admin'], says: 'approve images' },
  transfer: { for: ['approver', 'admin'], says: 'offer, accept or refuse environments' },
  /** To say no needs no second pair of eyes, and is for whoever sees the danger. */
  reject: { for: ['approver', 'admin', 'security'], says: 'reject images' },
  /** An exception to the policy: one of them proposes it, another approves. */
  waive: { for: ['security'], says: 'make waivers' },
  operate: { for: ['operator'], says: 'operate GetSchwifty' },
} as const satisfies Readonly<Record<string, { for: readonly Role[]; says: string }>>;
export type Right = keyof typeof rights;

/** The groups of those roles that are everywhere. */
type Groups = Partial<Pick<Config, 'operators' | 'security'>>;

function groupOf(role: Role, groups: Groups, team: Team | undefined): string | undefined {
  switch (role) {
    case 'member':
      return team?.members;
    case 'approver':
      return team?.approvers;
    case 'admin':
      return team?.admins;
    case 'security':
      return groups.security;
    case 'operator':
      return groups.operators;
  }
}

const groupsFor = (right: Right, groups: Groups, team: Team | undefined): string[] =>
  rights[right].for.flatMap((role) => groupOf(role, groups, team) ?? []);

export const may = (person: Person, right: Right, groups: Groups, team?: Team): boolean =>
  groupsFor(right, groups, team).some((group) => person.groups.includes(group));

/** @returns undefined where the person may. */
export function whyNot(person: Person, right: Right, groups: Groups, team?: Team): Refusal | undefined {
  if (may(person, right, groups, team)) return undefined;
  const whose = team ? ` of team ${team.name}` : '';
  const allowed = [...new Set(groupsFor(right, groups, team))].join(', ');
  const detail = `${person.name} may not ${rights[right].says}${whose}: that is for ${allowed}.`;
  return refuse(403, 'Not allowed', detail);
}
