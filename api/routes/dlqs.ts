/** What failed, for those who run GetSchwifty, whatever their team. */

import { listDlqs, redriveDlq, showDlq } from '../dead-letters.ts';
import { noBody, none, route } from '../route.ts';
import { DlqPath, RedriveRequest } from '../schemas.ts';

const list = route({
  method: 'GET',
  path: '/dlqs',
  name: 'listDlqs',
  summary: 'Every DLQ, with how much is in it',
  who: 'operate',
  params: none,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'DlqsAnswer' },
  answer: async (_, deps) => ({ status: 200, body: await listDlqs(deps) }),
});

const show = route({
  method: 'GET',
  path: '/dlqs/{dlq}',
  name: 'showDlq',
  summary: 'The messages of a DLQ, each with its reason',
  who: 'operate',
  params: DlqPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'DlqAnswer' },
  answer: async ({ params }, deps) => ({ status: 200, body: await showDlq(deps, params.dlq) }),
});

const redrive = route({
  method: 'POST',
  path: '/dlqs/{dlq}/redrive',
  name: 'redriveDlq',
  summary: 'Does the messages of a DLQ again, some at a time',
  who: 'operate',
  params: DlqPath,
  headers: none,
  query: none,
  body: RedriveRequest,
  answers: { 200: 'RedriveAnswer' },
  problems: [409],
  answer: async ({ params, body }, deps) => ({
    status: 200,
    body: await redriveDlq(deps, params.dlq, body),
  }),
});

export const dlqRoutes = [list, show, redrive];
