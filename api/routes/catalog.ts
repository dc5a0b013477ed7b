/** What can be asked for. */

import type { BaseImages } from '#core/build-ports.ts';
import { type BaseImage, whyBaseIsGone } from '#core/catalog.ts';
import type { CatalogAnswer } from '../answers.ts';
import { noBody, none, route } from '../route.ts';

const catalog = route({
  method: 'GET',
  path: '/catalog',
  name: 'getCatalog',
  summary:
    'Bases with their digest, size, last scan and what they take; clusters; and the policy that images are held against',
  who: 'signed-in',
  params: none,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'CatalogAnswer' },
  answer: async (_, { config, bases: images }) => {
    const clusters = config.clusters.map(({ name, volumes }) => ({ name, volumes }));
    const bases = await Promise.all(config.catalog.bases.map((base) => described(base, images)));
    return { status: 200, body: { bases, git: config.catalog.git, clusters, policy: config.policy } };
  },
});

async function described(base: BaseImage, images: BaseImages): Promise<CatalogAnswer['bases'][number]> {
  const sight = await images.look(base);
  const named = { ...base, title: base.title ?? base.name };
  if (!sight) return { ...named, missing: whyBaseIsGone(base) };
  const { sizeBytes, scan, ...image } = sight;
  const sizeMB = Math.round(sizeBytes / 100_000) / 10;
  return {
    ...named,
    image: { ...image, sizeMB, ...(scan && { scan: { ...scan, findings: { ...scan.findings } } }) },
  };
}

export const catalogRoutes = [catalog];
