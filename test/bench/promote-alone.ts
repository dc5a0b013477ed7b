/**
 * One promotion in a process of its own, as in its function: `node test/bench/promote-alone.ts ORIGIN DIGEST`. Its line
 * says how much memory it ever had (getrusage, ru_maxrss: the largest resident set).
 */
import { ECRClient } from '@aws-sdk/client-ecr';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { releaseTag } from '#core/image.ts';
import { Digest } from '#core/names.ts';

const [endpoint = '', text] = process.argv.slice(2);
const digest = Digest.parse(text);
const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
const promoter = new EcrPromoter(new ECRClient({ endpoint, region: 'us-east-1', credentials }), {
  budgetMs: 3_600_000,
});
const began = performance.now();
await promoter.copy('candidate/checkout/web', 'release/checkout/web', digest, releaseTag(digest));
const seconds = (performance.now() - began) / 1000;
process.stdout.write(`${JSON.stringify({ seconds, peakBytes: process.resourceUsage().maxRSS * 1024 })}\n`);
