/**
 * The state machine of an environment: what it is, a piece of news, and what it shall be. Every stage, reconcile's looks
 * and people's requests end here, so they can't disagree. docs/phases.md is drawn from the turns at the end, which a test holds against what `next` does.
 */
import { approve } from './approval.ts';
import * as build from './build.ts';
import * as candidate from './candidate.ts';
import { both, type Decision, type Refusal, refuse, unchanged } from './decision.ts';
import * as dropping from './dropping.ts';
import type { Candidate, Environment, Image, Part, Release } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Health } from './health.ts';
import type { Notice } from './incident.ts';
import type { KeptSnapshot } from './kept-snapshot.ts';
import * as lifecycle from './lifecycle.ts';
import { whyNobodyMay } from './lifecycle.ts';
import { type Digest, environmentId, type Instant } from './names.ts';
import { paged } from './pager.ts';
import { notPointed, pointed } from './pointed.ts';
import type { Policy } from './policy.ts';
import { type Objection, promoted, refusePromotion } from './promotion.ts';
import { rechecked, waiversTurned } from './recheck.ts';
import { type RejectionRequest, reject } from './rejection.ts';
import { observed } from './release.ts';
import type { Person } from './roles.ts';
import type { Spec } from './spec.ts';
import { taken } from './taken.ts';
import type { Team } from './team.ts';
import * as timetable from './timetable.ts';
import { type Back, handed, succeeded } from './transfer/handed.ts';
import type { Transfer } from './transfer/item.ts';
import { type MovedNews, volumeCame, volumeMoved } from './transfer/moved.ts';
import type { Verdict } from './verdict.ts';
import type { Today, WayBack } from './way-back.ts';

/** All that can be learnt of an environment, in the order of the flow. */
export type News =
  | { readonly kind: 'requested'; readonly request: build.Request }
  | { readonly kind: 'changed'; readonly spec: Spec; readonly person: Person }
  | { readonly kind: 'rebuild-asked'; readonly useCache: boolean; readonly person: Person }
  | { readonly kind: 'stop-asked'; readonly person: Person }
  | { readonly kind: 'start-asked'; readonly person: Person; readonly today: Omit<Today, 'now'> }
  | { readonly kind: 'deletion-asked'; readonly person: Person }
  | { readonly kind: 'extension-asked'; readonly ttl: string | undefined; readonly person: Person }
  /** What its ttl or its working hours ask for may be due. */
  | ({ readonly kind: 'time-came' } & timetable.TimeCame)
  /** It is offered to another team, accepted there, taken back or gone; so says the item of its transfer. */
  | { readonly kind: 'handed'; readonly transfer: Transfer; readonly back?: Back | undefined }
  /** The same, said to what is to take its place. */
  | { readonly kind: 'succeeded'; readonly transfer: Transfer }
  /** Kept snapshots of its name: nobody wants this one any more, or it is gone. */
  | { readonly kind: 'snapshot-unwanted'; readonly snapshot: string; readonly person: Person }
  | { readonly kind: 'snapshot-gone'; readonly snapshot: string }
  /** What became of the snapshot of its volume that another team waits for. */
  | ({ readonly kind: 'moved' } & MovedNews)
  | { readonly kind: 'volume-came'; readonly snapshot: KeptSnapshot }
  /** A stage looked for what it is to take away. */
  | ({ readonly kind: 'part-seen'; readonly part: Part } & lifecycle.PartNews)
  | {
      readonly kind: 'build-started';
      readonly number: number;
      readonly id: string;
      /** What the image is made of. */
      readonly content: string;
      /** The security epoch that bounds the cache; of a Git repository alone. */
      readonly epoch?: string | undefined;
      readonly resolves?: build.Resolves | undefined;
    }
  /** An image of the content that is asked for was released before. */
  | { readonly kind: 'taken'; readonly content: string }
  | { readonly kind: 'build-not-started'; readonly reason: string }
  | { readonly kind: 'build-failed'; readonly id: string; readonly reason: string }
  /** It is in the candidate repository, and its scan has not ended. */
  | { readonly kind: 'pushed'; readonly image: Image }
  | {
      readonly kind: 'judged';
      readonly image: Image;
      readonly verdict: Verdict;
      readonly policy: Policy;
    }
  /** What runs, by its copy in the release repository: its candidate is gone. */
  | { readonly kind: 'rechecked'; readonly digest: Digest; readonly verdict: Verdict }
  /** People approved or withdrew a waiver of its team. */
  | { readonly kind: 'waivers-turned' }
  | {
      readonly kind: 'approved';
      readonly digest: Digest;
      readonly person: Person;
      readonly team: Team;
      /** The verdict that is stored for the digest. */
      readonly verdict: Verdict | undefined;
      readonly policy: Policy;
    }
  | { readonly kind: 'rejected'; readonly rejection: RejectionRequest }
  | { readonly kind: 'promotion-refused'; readonly digest: Digest; readonly objection: Objection }
  /** It is in the release repository. */
  | { readonly kind: 'promoted'; readonly digest: Digest }
  /** What the cluster showed, and where a rollout that fails may go back to. */
  | { readonly kind: 'observed'; readonly health: Health; readonly back?: WayBack }
  | { readonly kind: 'pointed'; readonly dns: { readonly name: string; readonly target: string } }
  /** Its name is somebody else's. */
  | { readonly kind: 'not-pointed'; readonly reason: string }
  | { readonly kind: 'paged'; readonly notices: readonly Notice[] };

/** @param environment as it was read; undefined when nobody asked for it. */
export function next(environment: Environment | undefined, news: News, now: Instant): Decision {
  if (news.kind === 'requested') {
    const isThere = environment !== undefined && environment.life.state !== 'deleted';
    return isThere ? exists(environment) : build.request(news.request, now, environment);
  }
  if (!environment) return unchanged('nobody asked for this environment');
  if (isOfLife(news)) return live(environment, news, now);
  const refusal = whyNobodyMay(environment);
  // People are still told how its incidents ended.
  if (refusal && news.kind !== 'paged') return isOfPerson(news) ? refusal : unchanged('it is being deleted');
  return turn(environment, news, now);
}

type NewsOfLife = Extract<
  News,
  {
    kind:
      | 'changed'
      | 'rebuild-asked'
      | 'stop-asked'
      | 'start-asked'
      | 'deletion-asked'
      | 'extension-asked'
      | 'time-came'
      | 'handed'
      | 'succeeded'
      | 'moved'
      | 'volume-came'
      | 'snapshot-unwanted'
      | 'snapshot-gone'
      | 'part-seen';
  }
>;
const newsOfLife: readonly News['kind'][] = [
  'changed',
  'rebuild-asked',
  'stop-asked',
  'start-asked',
  'deletion-asked',
  'extension-asked',
  'time-came',
  'handed',
  'succeeded',
  'moved',
  'volume-came',
  'snapshot-unwanted',
  'snapshot-gone',
  'part-seen',
];
const isOfLife = (news: News): news is NewsOfLife => newsOfLife.includes(news.kind);

const isOfPerson = ({ kind }: News): boolean => kind === 'approved' || kind === 'rejected';

/** What people do with an environment that exists. */
function live(environment: Environment, news: NewsOfLife, now: Instant): Decision {
  if (news.kind === 'part-seen') return lifecycle.partSeen(environment, news.part, news, now);
  if (news.kind === 'snapshot-unwanted') return dropping.unwanted(environment, news, now);
  if (news.kind === 'snapshot-gone') return dropping.gone(environment, news.snapshot, now);
  const refusal = whyNobodyMay(environment);
  if (refusal) return refusal;
  switch (news.kind) {
    case 'changed':
      return lifecycle.changed(environment, news.spec, news.person, now);
    case 'rebuild-asked':
      return lifecycle.rebuildAsked(environment, news.person, news.useCache, now);
    case 'stop-asked':
      return lifecycle.stopAsked(timetable.byHand(environment, now), news.person, now);
    case 'start-asked':
      return lifecycle.startAsked(timetable.byHand(environment, now), news.person, news.today, now);
    case 'deletion-asked':
      return lifecycle.deletionAsked(environment, news.person, now);
    case 'extension-asked':
      return timetable.extensionAsked(environment, news.person, news.ttl, now);
    case 'time-came':
      return timetable.timeCame(environment, news, now);
    case 'handed':
      return handed(environment, news.transfer, now, news.back);
    case 'succeeded':
      return succeeded(environment, news.transfer, now);
    case 'moved':
      return volumeMoved(environment, news, now);
    case 'volume-came':
      return volumeCame(environment, news.snapshot, now);
    default:
      return unreachable(news);
  }
}

const exists = ({ key }: Environment): Refusal => {
  const id = environmentId(key);
  return refuse(409, 'It exists', `${id} exists already: GET /environments/${id}.`);
};

type NewsOfImage = Exclude<News, NewsOfLife | { kind: 'requested' }>;

function turn(environment: Environment, news: NewsOfImage, now: Instant): Decision {
  switch (news.kind) {
    case 'build-started':
      return build.buildStarted(environment, news, now);
    case 'taken':
      return taken(environment, news.content, now);
    case 'build-not-started':
      return build.buildNotStarted(environment, news.reason, now);
    case 'build-failed':
      return build.buildFailed(environment, news.id, news.reason, now);
    case 'pushed':
      return candidate.pushed(environment, news.image, now);
    case 'judged': {
      const { image, verdict, policy } = news;
      const recheck = (known: Environment) => rechecked(known, image.digest, verdict, now);
      return both(environment, candidate.judged(environment, image, verdict, policy, now), recheck);
    }
    case 'rechecked':
      return rechecked(environment, news.digest, news.verdict, now);
    case 'waivers-turned':
      return waiversTurned(environment, now);
    case 'approved':
      return approve({ ...news, environment, now });
    case 'rejected':
      return reject(environment, news.rejection, now);
    case 'promotion-refused':
      return refusePromotion(environment, news.digest, news.objection, now);
    case 'promoted':
      return promoted(environment, news.digest, now);
    case 'observed':
      return observed(environment, news.health, now, news.back);
    case 'pointed':
      return pointed(environment, news.dns, now);
    case 'not-pointed':
      return notPointed(environment, news.reason, now);
    case 'paged':
      return paged(environment, news.notices, now);
    default:
      return unreachable(news);
  }
}

type CandidatePhase = Candidate['phase'];
type ReleasePhase = Release['phase'];

export interface Turn<Phase extends string = string> {
  readonly from: readonly Phase[];
  readonly news: News['kind'];
  readonly to: readonly Phase[];
}

/** A newer image may be pushed whatever became of the one before it. */
const anyPhase: readonly CandidatePhase[] = [
  'building',
  'build-failed',
  'scanning',
  'blocked',
  'awaiting-approval',
  'promoting',
  'promoted',
  'refused',
];

/** Every turn from one phase to another; other news leaves the phase as it is. The first line is where each begins. */
export const candidateTurns: readonly Turn<CandidatePhase>[] = [
  { from: [], news: 'requested', to: ['building'] },
  { from: ['building'], news: 'build-not-started', to: ['build-failed'] },
  { from: ['building'], news: 'build-failed', to: ['build-failed'] },
  { from: ['building'], news: 'taken', to: ['promoting'] },
  { from: anyPhase, news: 'changed', to: ['building'] },
  { from: anyPhase, news: 'rebuild-asked', to: ['building'] },
  { from: anyPhase, news: 'pushed', to: ['scanning'] },
  { from: anyPhase, news: 'judged', to: ['awaiting-approval', 'blocked', 'building'] },
  { from: ['awaiting-approval'], news: 'approved', to: ['promoting'] },
  { from: ['scanning', 'blocked', 'awaiting-approval'], news: 'rejected', to: ['refused'] },
  { from: ['promoting'], news: 'promotion-refused', to: ['scanning', 'refused', 'building'] },
  { from: ['promoting'], news: 'promoted', to: ['promoted'] },
];
const runningPhases: readonly ReleasePhase[] = ['deploying', 'rolling-back', 'ready', 'unready', 'held'];
export const releaseTurns: readonly Turn<ReleasePhase>[] = [
  { from: [], news: 'requested', to: ['none'] },
  { from: ['none', 'rolling-back', 'ready', 'unready', 'held'], news: 'promoted', to: ['deploying'] },
  { from: ['none', 'stopped'], news: 'promoted', to: ['stopping'] },
  { from: ['rolling-back', 'ready', 'unready', 'held'], news: 'changed', to: ['deploying'] },
  { from: runningPhases, news: 'stop-asked', to: ['stopping'] },
  { from: ['stopping', 'stopped'], news: 'start-asked', to: ['deploying'] },
  { from: runningPhases, news: 'time-came', to: ['stopping'] },
  { from: ['stopping', 'stopped'], news: 'time-came', to: ['deploying'] },
  { from: [...runningPhases, 'stopping', 'stopped'], news: 'time-came', to: ['none'] },
  { from: [...runningPhases, 'stopping', 'stopped'], news: 'handed', to: ['none'] },
  { from: runningPhases, news: 'handed', to: ['stopping'] },
  { from: ['stopping', 'stopped'], news: 'handed', to: ['deploying'] },
  { from: ['stopping'], news: 'observed', to: ['stopped'] },
  { from: ['stopped'], news: 'observed', to: ['stopping'] },
  { from: ['deploying', 'rolling-back', 'unready', 'held'], news: 'observed', to: ['ready'] },
  { from: ['deploying'], news: 'observed', to: ['rolling-back', 'held'] },
  { from: ['rolling-back', 'ready'], news: 'observed', to: ['unready'] },
  { from: [...runningPhases, 'stopping', 'stopped'], news: 'deletion-asked', to: ['none'] },
];
