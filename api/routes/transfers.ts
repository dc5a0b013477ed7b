/** An environment goes to another team: offered by its own, accepted or refused by the other one, withdrawn while it has not gone. */
import { causedBy } from '#core/decision.ts';
import { next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { RequestRef } from '#core/request-ports.ts';
import type { Person } from '#core/roles.ts';
import { accept, asItStands, giveUp, offer, specOf, successorOf } from '#core/transfer/transfer.ts';
import { newcomer } from '../creation.ts';
import { described, mustChange, readAt } from '../environment.ts';
import { IfMatch } from '../headers.ts';
import { writeHeld } from '../holding.ts';
import { pageOf } from '../paging.ts';
import { invalid, refused } from '../problem.ts';
import { type ApiDeps, noBody, none, route } from '../route.ts';
import { EnvironmentPath, TeamPath } from '../schemas.ts';
import { endedIn, readTransfer, transferAnswer, transferAt } from '../transfer.ts';
import { AcceptEnvironment, OfferEnvironment, TransferPath, TransfersQuery } from '../transfer-schemas.ts';

const ours = { path: '/environments/{team}/{name}/transfer', params: EnvironmentPath } as const;
const theirs = { path: '/teams/{team}/transfers/{from}/{name}', params: TransferPath } as const;
const reading = { method: 'GET', who: 'read', headers: none, query: none, body: noBody } as const;
const ending = { method: 'DELETE', who: 'transfer', headers: IfMatch, query: none, body: noBody } as const;

const create = route({
  ...ours,
  method: 'POST',
  name: 'offerEnvironment',
  summary:
    'Offers it to another team, for seven days: it stays as it is until a new one of that team is Ready',
  who: 'transfer',
  headers: IfMatch,
  query: none,
  body: OfferEnvironment,
  answers: { 201: 'TransferAnswer' },
  problems: [409],
  answer: async ({ params: key, body: { to }, headers, person, requestId, request }, deps) => {
    const { store, transfers, config, clock } = deps;
    if (!config.teams.some(({ name }) => name === to))
      throw invalid([{ path: 'to', message: `no team is called ${to}` }]);
    await writeHeld(deps, async () => {
      const environment = await readAt(store, key, headers['if-match']);
      const now = clock.now();
      const before = await transfers.read(key);
      const volumes = config.clusters.find(({ name }) => name === environment.cluster)?.volumes;
      const transfer = offer({ environment, to, person: person.name, before, volumes, now });
      if ('outcome' in transfer) throw refused(transfer);
      const change = mustChange(next(environment, { kind: 'handed', transfer }, now));
      return { change: causedBy(change, requestId), enclosed: { request, transfer } };
    });
    return { status: 201, ...(await transferAnswer(deps, await readTransfer(deps, key))) };
  },
});

const get = route({
  ...ours,
  ...reading,
  name: 'getTransfer',
  summary: 'To whom it was offered last, and what became of it',
  answers: { 200: 'TransferAnswer' },
  answer: async ({ params }, deps) => ({
    status: 200,
    ...(await transferAnswer(deps, await readTransfer(deps, params))),
  }),
});

const withdraw = route({
  ...ours,
  ...ending,
  name: 'withdrawOffer',
  summary: 'Takes it back, until what takes its place is Ready: it stays, and so does what was made of it',
  answers: { 200: 'TransferAnswer' },
  problems: [409],
  answer: async ({ params: key, ...asked }, deps) => ({
    status: 200,
    ...(await ended(deps, { from: key, to: undefined, why: 'withdrawn' }, asked)),
  }),
});

const list = route({
  ...reading,
  query: TransfersQuery,
  path: '/teams/{team}/transfers',
  name: 'listTransfers',
  summary: 'What other teams offer to this one, and what it accepted that is not Ready yet',
  params: TeamPath,
  answers: { 200: 'TransfersAnswer' },
  answer: async ({ params: { team }, query }, { transfers, store, clock }) => {
    const found = await transfers.offeredTo(team);
    const now = clock.now();
    const standing = await Promise.all(
      found.map(async (transfer) => asItStands(transfer, await store.read(transfer.from), now)),
    );
    const open = standing.filter(({ state }) => state !== 'over');
    const { page, ...more } = pageOf(open, ({ from }) => environmentId(from), query);
    const described = page.map((transfer) => ({ transfer, successor: successorOf(transfer) }));
    return { status: 200, body: { transfers: described, ...more } };
  },
});

const getOffered = route({
  ...theirs,
  ...reading,
  name: 'getOfferedEnvironment',
  summary: 'What is offered: its spec, and the verdict on its image',
  answers: { 200: 'TransferAnswer' },
  answer: async ({ params: { team, from, name } }, deps) => ({
    status: 200,
    ...(await transferAnswer(deps, await readTransfer(deps, { team: from, name }, team))),
  }),
});

const take = route({
  ...theirs,
  path: '/teams/{team}/transfers/{from}/{name}/acceptance',
  method: 'POST',
  name: 'acceptEnvironment',
  summary:
    "Asks for it under this team's quota, catalog and cluster: what is refused there leaves the offer as it is",
  who: 'transfer',
  headers: IfMatch,
  query: none,
  body: AcceptEnvironment,
  answers: { 201: 'EnvironmentAnswer' },
  problems: [409],
  answer: async ({ params, body, headers, person, requestId, request }, deps) => {
    const { team, name } = params;
    const [key, from] = [
      { team, name },
      { team: params.from, name },
    ];
    await writeHeld(deps, async () => {
      const { transfer, environment, now } = await transferAt(deps, from, team, headers['if-match']);
      const accepted = accept(transfer, person.name, now);
      if ('outcome' in accepted) throw refused(accepted);
      if (!environment) throw new Error(`${environmentId(from)} is offered and not there`);
      const spec = specOf(environment, accepted);
      const cluster = body.cluster ?? (isPlaced(deps, key) ? undefined : environment.cluster);
      const asked = { key, spec, cluster, requester: person.name, requestId, from };
      const { decided } = await newcomer(deps, asked);
      const change = mustChange(decided(await deps.store.read(key), now));
      const also = mustChange(next(environment, { kind: 'handed', transfer: accepted }, now));
      return {
        change: causedBy(change, requestId),
        enclosed: { request, transfer: accepted, also: causedBy(also, requestId) },
      };
    });
    const location = `/environments/${environmentId(key)}`;
    return { status: 201, ...(await described(deps, key, { location })) };
  },
});

const turnDown = route({
  ...theirs,
  ...ending,
  name: 'refuseOffer',
  summary:
    'Says no to it, before or after it was accepted: what was made of it by then stays until somebody deletes it',
  answers: { 200: 'TransferAnswer' },
  problems: [409],
  answer: async ({ params: { team, from, name }, ...asked }, deps) => ({
    status: 200,
    ...(await ended(deps, { from: { team: from, name }, to: team, why: 'refused' }, asked)),
  }),
});

export const transferRoutes = [create, get, withdraw, list, getOffered, take, turnDown];

/** Of what the configuration names it says the cluster too. */
const isPlaced = ({ config }: ApiDeps, key: EnvironmentKey): boolean =>
  config.environments.some(({ team, name }) => team === key.team && name === key.name);

interface End {
  readonly from: EnvironmentKey;
  readonly to: string | undefined;
  readonly why: 'withdrawn' | 'refused';
}
interface Asked {
  readonly headers: { readonly 'if-match': number };
  readonly person: Person;
  readonly requestId: string | undefined;
  readonly request: RequestRef | undefined;
}

/** What is over already is not written again. */
async function ended(deps: ApiDeps, { from, to, why }: End, { headers, person, requestId, request }: Asked) {
  const decide = async () => {
    const known = await transferAt(deps, from, to, headers['if-match']);
    const transfer = giveUp(known.transfer, { why, person: person.name, now: known.now });
    if ('outcome' in transfer) throw refused(transfer);
    return { ...known, transfer, isNew: transfer !== known.transfer };
  };
  const first = await decide();
  if (first.isNew)
    await writeHeld(deps, async () => {
      const { environment, transfer, now } = await decide();
      if (!environment) throw new Error(`${environmentId(from)} is offered and not there`);
      const { change, enclosed } = await endedIn(deps, environment, transfer, { now, requestId });
      return { change, enclosed: { ...enclosed, request } };
    });
  return transferAnswer(deps, await readTransfer(deps, from, to));
}
