/** The images of an environment that somebody may have to decide on. */
import { type Environment, judgedDigest } from '#core/environment.ts';
import { repositoryOf, shortDigest } from '#core/image.ts';
import { addSeconds, type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import { Judgement } from '#core/trace.ts';
import type { ImagesAnswer } from '../answers.ts';
import { readThere } from '../environment.ts';
import { ProblemError } from '../problem.ts';
import { noBody, none, route } from '../route.ts';
import { EnvironmentPath, ReportPath } from '../schemas.ts';

type Place = ImagesAnswer['images'][number]['is'][number];

const list = route({
  method: 'GET',
  path: '/environments/{team}/{name}/images',
  name: 'listImages',
  summary: 'The newest image, what runs, and what may be gone back to, each with its verdict',
  who: 'read',
  params: EnvironmentPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'ImagesAnswer' },
  answer: async ({ params: key }, { store }) => {
    const environment = await readThere(store, key);
    const images = await Promise.all(
      [...placesOf(environment)].map(async ([digest, is]) => {
        const verdict = await store.verdict(key, digest);
        return { digest, is, ...(verdict && { verdict: Judgement.parse(verdict) }) };
      }),
    );
    return { status: 200, body: { images } };
  },
});

const report = route({
  method: 'GET',
  path: '/environments/{team}/{name}/images/{digest}/report',
  name: 'getReport',
  summary:
    'The verdict on an image, links to all that its scan found, to its SBOM and to where it comes from',
  who: 'read',
  params: ReportPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'ReportAnswer' },
  answer: async ({ params: { digest, ...key } }, { store, reports, attachments, clock }) => {
    const verdict = await store.verdict(key, digest);
    if (!verdict) throw unjudged(key, digest);
    const [{ url, expiresSeconds }, ...lists] = await Promise.all([
      reports.link(key, digest),
      attachments.list(repositoryOf('candidate', key), digest),
      attachments.list(repositoryOf('release', key), digest),
    ]);
    // A candidate expires, what is released stays: it has the same.
    const attached = (lists.find((list) => list.length > 0) ?? []).map((one) => ({ ...one }));
    const body = { verdict, url, expiresAt: addSeconds(clock.now(), expiresSeconds), attached };
    return { status: 200, body, headers: { 'cache-control': 'no-store' } };
  },
});

export const imageRoutes = [list, report];

const unjudged = (key: EnvironmentKey, digest: Digest) =>
  new ProblemError(404, 'No report', `The gate judged no ${shortDigest(digest)} of ${environmentId(key)}.`);

function placesOf(environment: Environment): Map<Digest, Place[]> {
  const { life, release } = environment;
  const places = new Map<Digest, Place[]>();
  const put = (digest: Digest | undefined, place: Place) => {
    if (digest !== undefined) places.set(digest, [...(places.get(digest) ?? []), place]);
  };
  put(judgedDigest(environment), 'newest');
  if (release.phase === 'none') return places;
  put(release.digest, life.state === 'stopped' ? 'stopped' : 'running');
  if ('previous' in release) put(release.previous?.digest, 'previous');
  return places;
}
