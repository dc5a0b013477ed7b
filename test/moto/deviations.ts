/** Where moto 5.2.5 differs from AWS: test/contracts/contract.ts says what becomes of it. */
import type { Deviations } from '../contracts/contract.ts';

const api = 'https://docs.aws.amazon.com';

export const dnsZone: Deviations = {
  'deleting what is not there with these values is refused': {
    does: 'answers InvalidInput for a record that is not there, where Route 53 says InvalidChangeBatch',
    source: `${api}/Route53/latest/APIReference/API_ChangeResourceRecordSets.html#API_ChangeResourceRecordSets_Errors`,
    seen: /expected error to be instance of Conflict/,
  },
  'of a batch with one change that is refused, none is made': {
    does: 'answers InvalidInput for a record that is not there, where Route 53 says InvalidChangeBatch',
    source: `${api}/Route53/latest/APIReference/API_ChangeResourceRecordSets.html#API_ChangeResourceRecordSets_Errors`,
    seen: /expected error to be instance of Conflict/,
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
