/** The story of an environment, page by page. */
import { ofStory } from '#core/trace.ts';
import { missing } from '../environment.ts';
import { noBody, none, route } from '../route.ts';
import { EnvironmentPath, TraceQuery } from '../schemas.ts';

/** Changes a page. */
const tracePage = 100;

const trace = route({
  method: 'GET',
  path: '/environments/{team}/{name}/trace',
  name: 'traceEnvironment',
  summary: 'What happened, step by step: each change with its verdict, and what was told with it',
  who: 'story',
  params: EnvironmentPath,
  headers: none,
  query: TraceQuery,
  body: noBody,
  answers: { 200: 'TraceAnswer' },
  answer: async ({ params: key, query: { story, cursor = 0 } }, { store }) => {
    if (cursor === 0 && !(await store.read(key))) throw missing(key);
    const page = await store.steps(key, cursor, tracePage);
    const steps = [...ofStory(page.steps, story)];
    return { status: 200, body: { steps, ...(page.next !== undefined && { next: String(page.next) }) } };
  },
});

export const traceRoutes = [trace];
