/** Waivers of a team: proposed by one of those who answer for security, approved by another, withdrawn by any of them. */
import { createHash } from 'node:crypto';
import { Conflict } from '#core/errors.ts';
import type { TeamName } from '#core/names.ts';
import {
  approveWaiver,
  hasCounted,
  type KeptWaiver,
  propose,
  WaiverId,
  WaiverWish,
  withdraw,
} from '#core/waiver.ts';
import { IfMatch } from '../headers.ts';
import { judgeAgain } from '../judge-again.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { ProblemError, refused } from '../problem.ts';
import { type ApiDeps, noBody, none, route, teamOf } from '../route.ts';
import { TeamPath, WaiverPath } from '../schemas.ts';

const list = route({
  method: 'GET',
  path: '/teams/{team}/waivers',
  name: 'listWaivers',
  summary: 'Waivers of the team: those made here, whatever became of them, and those of the configuration',
  who: 'read',
  params: TeamPath,
  headers: none,
  query: pageQuery(WaiverId),
  body: noBody,
  answers: { 200: 'WaiversAnswer' },
  answer: async ({ params: { team }, query }, { waivers, config }) => {
    const { page, ...more } = pageOf(await waivers.list(team), ({ id }) => id, query);
    // Those of the configuration are few: the first page has them all.
    const ours = query.cursor === undefined ? config.waivers : [];
    const configured = ours.filter((waiver) => waiver.team === team);
    return { status: 200, body: { waivers: [...page], configured, ...more } };
  },
});

const create = route({
  method: 'POST',
  path: '/teams/{team}/waivers',
  name: 'proposeWaiver',
  summary: 'Proposes a waiver: it counts once somebody else of security has approved it',
  who: 'waive',
  params: TeamPath,
  headers: none,
  query: none,
  body: WaiverWish,
  answers: { 201: 'WaiverAnswer' },
  problems: [409],
  answer: async ({ params: { team }, body: wish, person, request }, { waivers, config, clock }) => {
    teamOf(config, team);
    // Of the request, so that what is sent twice is one waiver.
    const id = `api-${createHash('sha256').update(`${request?.person}\n${request?.key}`).digest('hex').slice(0, 16)}`;
    const proposed = propose({ id, team, wish, person: person.name, now: clock.now() });
    if ('outcome' in proposed) throw refused(proposed);
    const known = (await waivers.list(team)).find((each) => each.id === id);
    if (!known) await waivers.write(proposed);
    return { status: 201, ...described(known ?? proposed) };
  },
});

const common = { who: 'waive', params: WaiverPath, headers: IfMatch, query: none, body: noBody } as const;

const approve = route({
  ...common,
  method: 'POST',
  path: '/teams/{team}/waivers/{id}/approvals',
  name: 'approveWaiver',
  summary: 'Lets a waiver count, that somebody else proposed',
  answers: { 200: 'WaiverAnswer' },
  problems: [409],
  answer: async ({ params, headers, person }, deps) => {
    const waiver = await readAt(deps, params, headers['if-match']);
    const approved = approveWaiver(waiver, person.name, deps.clock.now());
    if ('outcome' in approved) throw refused(approved);
    return { status: 200, ...(await written(deps, waiver, approved)) };
  },
});

const remove = route({
  ...common,
  method: 'DELETE',
  path: '/teams/{team}/waivers/{id}',
  name: 'withdrawWaiver',
  summary: 'Withdraws a waiver: what it let through is judged again at once, without it',
  answers: { 200: 'WaiverAnswer' },
  problems: [409],
  answer: async ({ params, headers, person }, deps) => {
    const waiver = await readAt(deps, params, headers['if-match']);
    return { status: 200, ...(await written(deps, waiver, withdraw(waiver, person.name, deps.clock.now()))) };
  },
});

export const waiverRoutes = [list, create, approve, remove];

/** @throws 404 where there is none, 412 where it is not at the version that was named. */
async function readAt(
  { waivers }: Pick<ApiDeps, 'waivers'>,
  { team, id }: { readonly team: TeamName; readonly id: string },
  version: number,
): Promise<KeptWaiver> {
  const waiver = (await waivers.list(team)).find((each) => each.id === id);
  if (!waiver) throw new ProblemError(404, 'No such waiver', `Team ${team} has no waiver ${id}.`);
  if (waiver.version !== version) throw changed(waiver);
  return waiver;
}

/** What is so already is not written again; that it was heard everywhere is seen to again, for a request may have ended in between. */
async function written(deps: ApiDeps, before: KeptWaiver, after: KeptWaiver) {
  try {
    if (after !== before) await deps.waivers.write(after);
  } catch (error) {
    if (error instanceof Conflict) throw changed(before);
    throw error;
  }
  // Who waits for a young release asks for the build again: no image changes by itself.
  if (hasCounted(after) && after.cve !== undefined) await judgeAgain(deps, after);
  return described(after);
}

const changed = ({ id }: KeptWaiver): ProblemError =>
  new ProblemError(412, 'Changed meanwhile', `${id} is not at that version any more. Read it and try again.`);

const described = (waiver: KeptWaiver) => ({ body: waiver, headers: { etag: `"${waiver.version}"` } });
