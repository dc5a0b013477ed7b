/** What people decide of an image that the gate let pass. */
import { causedBy } from '#core/decision.ts';
import { next } from '#core/machine.ts';
import { described, mustChange, readAt, writeAt } from '../environment.ts';
import { IfMatch } from '../headers.ts';
import { none, route, teamOf } from '../route.ts';
import { CreateApproval, CreateRejection, EnvironmentPath } from '../schemas.ts';

const approve = route({
  method: 'POST',
  path: '/environments/{team}/{name}/approvals',
  name: 'approveImage',
  summary: 'Lets the newest image be released',
  who: 'approve',
  params: EnvironmentPath,
  headers: IfMatch,
  query: none,
  body: CreateApproval,
  answers: { 201: 'EnvironmentAnswer' },
  problems: [409],
  answer: async ({ params: key, headers, body: { digest }, ...asked }, deps) => {
    const { store, config, clock } = deps;
    const { person, requestId, request } = asked;
    const environment = await readAt(store, key, headers['if-match']);
    const verdict = await store.verdict(key, digest);
    const now = clock.now();
    const { policy } = config;
    const team = teamOf(config, key.team);
    const news = { kind: 'approved' as const, digest, person, team, verdict, policy };
    const change = causedBy(mustChange(next(environment, news, now)), requestId);
    await writeAt(store, change, { approval: { digest, approver: person.name, at: now }, request });
    return { status: 201, ...(await described(deps, key)) };
  },
});

const reject = route({
  method: 'POST',
  path: '/environments/{team}/{name}/rejections',
  name: 'rejectImage',
  summary: 'Refuses the newest image, with a reason; a newer one is judged as ever',
  who: 'reject',
  params: EnvironmentPath,
  headers: IfMatch,
  query: none,
  body: CreateRejection,
  answers: { 201: 'EnvironmentAnswer' },
  answer: async ({ params: key, headers, body, person, requestId, request }, deps) => {
    const { store, clock } = deps;
    const environment = await readAt(store, key, headers['if-match']);
    const rejection = { ...body, person: person.name };
    const decision = next(environment, { kind: 'rejected', rejection }, clock.now());
    await writeAt(store, causedBy(mustChange(decision), requestId), { request });
    return { status: 201, ...(await described(deps, key)) };
  },
});

export const approvalRoutes = [approve, reject];
