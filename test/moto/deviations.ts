/** Where moto 5.2.5 differs from AWS: test/contracts/contract.ts says what becomes of it. */
import type { Deviations } from '../contracts/contract.ts';

const api = 'https://docs.aws.amazon.com';

export const dnsZone: Deviations = {
  'an alias comes back as it was written, and is deleted by what it was written with alone': {
    does: 'deletes an alias whatever its target',
    source: `${api}/Route53/latest/APIReference/API_ChangeResourceRecordSets.html#API_ChangeResourceRecordSets_Examples`,
    seen: /promise resolved "undefined" instead of rejecting/,
  },
  'what is there already is not created, and the refusal names it': {
    does: 'lets a CREATE overwrite what is there with other values',
    source: `${api}/Route53/latest/APIReference/API_Change.html#Route53-Type-Change-Action`,
    seen: /expected undefined to be an instance of Conflict/,
  },
  'a call takes 1,000 records and 32,000 characters, and nothing of more': {
    does: 'takes calls of any size',
    source: `${api}/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests`,
    seen: /promise resolved "undefined" instead of rejecting/,
  },
  'a CNAME can not stand beside another record': {
    does: 'lets a CNAME stand beside others',
    source: `${api}/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#CNAMEFormat`,
    seen: /promise resolved "undefined" instead of rejecting/,
  },
};

export const eventBus: Deviations = {
  'an event that is too large by itself has its reason, the others are told': {
    does: 'has no limit on the size of entries',
    source: `${api}/eventbridge/latest/userguide/eb-putevents.html`,
    seen: /to deeply equal \[ true, false, true \]/,
  },
};

export const scanner: Deviations = {
  'a tag that moved names the newer image': {
    does: 'deletes the image that a tag leaves',
    source: `${api}/AmazonECR/latest/userguide/image-tag-mutability.html`,
    seen: /expected undefined to match object/,
  },
};

/** It knows no referrers, so nothing of it can be held here. */
const noReferrers = {
  does: 'has no ListImageReferrers',
  source: `${api}/AmazonECR/latest/APIReference/API_ListImageReferrers.html`,
  seen: /ListImageReferrers/,
};
export const attachments: Deviations = {
  'what a build attached is listed with a link to its content': noReferrers,
  'what others attached is listed, and leads nowhere': noReferrers,
  'what is attached twice is listed once': noReferrers,
  'an image has its own alone, and one with nothing has none': noReferrers,
  'of an image or a repository that is not there, nothing is listed': noReferrers,
  'the first fifty are listed': noReferrers,
};

export const builder: Deviations = {
  'a build that is asked for twice is one build, at once or one after the other': {
    does: 'ignores idempotencyToken',
    source: `${api}/codebuild/latest/APIReference/API_StartBuild.html#API_StartBuild_RequestParameters`,
    seen: /to deeply equal/,
  },
  'a build that runs has not ended; one that was stopped has failed, and says how': {
    does: 'says of every build that it SUCCEEDED',
    source: `${api}/codebuild/latest/APIReference/API_Build.html#CodeBuild-Type-Build-buildStatus`,
    seen: /expected \{ ended: true \} to deeply equal \{ ended: false \}/,
  },
};
