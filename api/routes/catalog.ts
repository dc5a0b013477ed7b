/** What can be asked for. */
import { noBody, none, route } from '../route.ts';
import { CatalogAnswer } from '../schemas.ts';

const catalog = route({
  method: 'GET',
  path: '/catalog',
  name: 'getCatalog',
  summary: 'Bases with what they take, clusters, and the policy that images are held against',
  who: 'signed-in',
  params: none,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: CatalogAnswer },
  answer: async (_, { config }) => {
    const clusters = config.clusters.map(({ name, volumes }) => ({ name, volumes }));
    return { status: 200, body: { bases: config.catalog.bases, clusters, policy: config.policy } };
  },
});

export const catalogRoutes = [catalog];
