/** Who logged in to an environment by SSH. It is the team's: it stays when the environment is gone. */

import { missing } from '../environment.ts';
import { noBody, none, route } from '../route.ts';
import { EnvironmentPath } from '../schemas.ts';
import { SessionsAnswer, SessionsQuery } from '../session-schemas.ts';

const pageSize = 50;

const list = route({
  method: 'GET',
  path: '/teams/{team}/environments/{name}/sessions',
  name: 'listSessions',
  summary:
    'Who logged in by SSH or SFTP, by which key, when and from where, and how it ended; the newest first',
  who: 'read',
  params: EnvironmentPath,
  headers: none,
  query: SessionsQuery,
  body: noBody,
  answers: { 200: 'SessionsAnswer' },
  problems: [404],
  answer: async ({ params: key, query: { cursor } }, { sessions, store }) => {
    const page = await sessions.list(key, cursor, pageSize);
    if (page.sessions.length === 0 && !(await store.read(key))) throw missing(key);
    return { status: 200, body: SessionsAnswer.parse(page) };
  },
});

export const sessionRoutes = [list];
