/** SSH keys of a team's people: each adds their own; they, and those who answer for the team, revoke. */
import { addKey, KeyId, type PersonKey, revokeKey } from '#core/person-key.ts';
import { may } from '#core/roles.ts';
import { withFingerprint } from '../fingerprint.ts';
import { KeyAnswer } from '../key-schemas.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { ProblemError, refused } from '../problem.ts';
import { noBody, none, route, teamOf } from '../route.ts';
import { AddKey, KeyPath, TeamPath } from '../schemas.ts';

const list = route({
  method: 'GET',
  path: '/teams/{team}/keys',
  name: 'listKeys',
  summary: 'SSH keys of the team, whose they are, and which were revoked',
  who: 'read',
  params: TeamPath,
  headers: none,
  query: pageQuery(KeyId),
  body: noBody,
  answers: { 200: 'KeysAnswer' },
  answer: async ({ params: { team }, query }, { keys }) => {
    const { page, ...more } = pageOf(await keys.list(team), ({ id }) => id, query);
    return { status: 200, body: { keys: page.map(described), ...more } };
  },
});

const add = route({
  method: 'POST',
  path: '/teams/{team}/keys',
  name: 'addKey',
  summary: 'Adds an SSH key of the caller; what is there already stays as it is',
  who: 'keys',
  params: TeamPath,
  headers: none,
  query: none,
  body: AddKey,
  answers: { 201: 'KeyAnswer' },
  answer: async ({ params: { team }, body: { key }, person }, { keys, clock }) => {
    const known = await keys.list(team);
    const added = addKey({ team, person: person.name, key: withFingerprint(key), known, now: clock.now() });
    if ('outcome' in added) throw refused(added);
    if (added.state === 'good' && !known.includes(added)) await keys.add(added);
    return { status: 201, body: described(added) };
  },
});

const revoke = route({
  method: 'DELETE',
  path: '/teams/{team}/keys/{id}',
  name: 'revokeKey',
  summary: 'Revokes an SSH key, for ever: your own, or as one who answers for the team any of it',
  who: 'read',
  params: KeyPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'KeyAnswer' },
  problems: [409],
  answer: async ({ params: { team, id }, person }, { keys, config, clock }) => {
    const key = (await keys.list(team)).find((each) => each.id === id);
    if (!key) throw new ProblemError(404, 'No such key', `Team ${team} has no key ${id}.`);
    const mayRevokeOthers = may(person, 'revoke', config, teamOf(config, team));
    const revoked = revokeKey({ key, person: person.name, mayRevokeOthers, now: clock.now() });
    if ('outcome' in revoked) throw refused(revoked);
    if (revoked !== key) await keys.revoke(revoked);
    return { status: 200, body: described(revoked) };
  },
});

export const keyRoutes = [list, add, revoke];

/** Without the key itself: its fingerprint says which it is. */
const described = (key: PersonKey): KeyAnswer => KeyAnswer.parse(key);
