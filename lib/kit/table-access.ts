/**
 * Who may do what with the table. The kind of an item is the prefix of its partition key, so a policy can say which
 * kinds a function writes: only the gate verdicts, only the API approvals.
 */
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { BundledFunction } from './bundled-function.ts';

export type ItemKind = 'ENV' | 'VERDICT' | 'APPROVAL' | 'AUDIT' | 'OUTBOX';

/** A change of an environment is one transaction of these three. */
export const changeOfEnvironment: readonly ItemKind[] = ['ENV', 'AUDIT', 'OUTBOX'];

export function mayRead(reader: BundledFunction, table: Table): void {
  reader.allow(['dynamodb:GetItem', 'dynamodb:Query'], [table.tableArn]);
}

export function mayWrite(writer: BundledFunction, table: Table, kinds: readonly ItemKind[]): void {
  writer.allow(['dynamodb:ConditionCheckItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [table.tableArn], {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds.map((kind) => `${kind}#*`) },
    // ForAllValues is also true of a request that has no key at all.
    Null: { 'dynamodb:LeadingKeys': 'false' },
  });
}

/** Every index query sees all environments, so only reconcile is given any. */
export function mayQueryIndexes(reader: BundledFunction, table: Table, indexes: readonly string[]): void {
  reader.allow(
    ['dynamodb:Query'],
    indexes.map((index) => `${table.tableArn}/index/${index}`),
  );
}
