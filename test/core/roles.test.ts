/** Who may do what: the table, cell by cell, and that a role in one team is none in another. */
import { expect, it } from 'vitest';
import { may, type Right, rights, whyNot } from '#core/roles.ts';
import { Team } from '#core/team.ts';

const team = Team.parse({ name: 'checkout', members: 'm', approvers: 'a', admins: 'ad' });
const other = Team.parse({ name: 'search', members: 'sm', approvers: 'sa', admins: 'sad' });
const groups = { security: 's', operators: 'o' };
const person = (...of: string[]) => ({ name: 'pat', groups: of });

const table: Readonly<Record<Right, string>> = {
  read: 'm a ad s',
  story: 'm a ad s o',
  change: 'm a ad',
  keys: 'm a ad',
  revoke: 'a ad s',
  approve: 'a ad',
  transfer: 'a ad',
  reject: 'a ad s',
  waive: 's',
  operate: 'o',
};
const everyRight = Object.keys(table) as Right[];

it.each(everyRight)('%s', (right) => {
  const allowed = ['m', 'a', 'ad', 's', 'o', 'sm', 'sa', 'sad', 'x'].filter((group) =>
    may(person(group), right, groups, team),
  );
  expect(allowed.join(' ')).toBe(table[right]);
});

it('the table has every right', () => {
  expect(Object.keys(table).sort()).toEqual(Object.keys(rights).sort());
});

it('a role in one team is none in another; security and operators are in none', () => {
  for (const group of ['m', 'a', 'ad']) expect(may(person(group), 'read', groups, other)).toBe(false);
  expect(may(person('s'), 'read', groups, other)).toBe(true);
});

it('without a group of admins nobody is one', () => {
  const { admins: _, ...without } = team;
  expect(may(person('ad'), 'change', groups, without)).toBe(false);
});

it('who is refused is told whose right it is', () => {
  expect(whyNot(person('m'), 'approve', groups, team)).toEqual({
    outcome: 'refused',
    status: 403,
    title: 'Not allowed',
    detail: 'pat may not approve images of team checkout: that is for a, ad.',
  });
  expect(whyNot(person('m', 'a'), 'approve', groups, team)).toBeUndefined();
});
