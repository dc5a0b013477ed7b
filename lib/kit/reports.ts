/** Who may keep the reports of scans, and who may let people read them. */
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { acknowledge } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';

/** cdk-nag names the bucket by its export. */
const reportsFolder = {
  'AwsSolutions-IAM5[Resource::GetSchwiftyData:ExportsOutputFnGetAttSourcesBE4D2488Arn58F0951E/reports/*]':
    'Each image has a report of its own below reports/.',
};

export const mayKeepReports = (writer: BundledFunction, bucket: Bucket): void =>
  allow(writer, bucket, 's3:PutObject');

/** A link that a function signs opens what its own role may read. */
export const mayLinkReports = (reader: BundledFunction, bucket: Bucket): void =>
  allow(reader, bucket, 's3:GetObject');

function allow(subject: BundledFunction, bucket: Bucket, action: string): void {
  subject.allow([action], [bucket.arnForObjects('reports/*')]);
  acknowledge(subject, reportsFolder);
}
