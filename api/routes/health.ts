/** That the API is there, for whoever watches it. */

import { noBody, none, route } from '../route.ts';

export const healthRoutes = [
  route({
    method: 'GET',
    path: '/health',
    name: 'getHealth',
    summary: 'Says that the API is there',
    who: 'everybody',
    params: none,
    headers: none,
    query: none,
    body: noBody,
    answers: { 200: 'HealthAnswer' },
    answer: async () => ({ status: 200, body: { status: 'ok' as const } }),
  }),
];
