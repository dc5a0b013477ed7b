/** What the roles of a stack may do, as plain values. */
import * as z from '#core/zod.ts';
import { list, type Resource, target } from './assembly.ts';

const Statement = z.object({
  Effect: z.string(),
  Action: z.pipe(
    z.unknown(),
    z.transform((action) => z.array(z.string()).parse(list(action))),
  ),
  Resource: z.pipe(
    z.unknown(),
    z.transform((resource) => list(resource).map((it) => JSON.stringify(it))),
  ),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), z.unknown()))),
});
export type Statement = z.infer<typeof Statement>;

const Document = z.object({ Statement: z.array(Statement) });

/** By the role's logical id: inline and attached policies of the stack, managed ones of it too. */
export function statementsByRole(resources: Readonly<Record<string, Resource>>): Map<string, Statement[]> {
  const byRole = new Map<string, Statement[]>();
  const add = (role: string, document: unknown) =>
    byRole.set(role, [...(byRole.get(role) ?? []), ...Document.parse(document).Statement]);
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type === 'AWS::IAM::Role') {
      const inline = z.array(z.object({ PolicyDocument: z.unknown() })).parse(Properties['Policies'] ?? []);
      for (const { PolicyDocument } of inline) add(id, PolicyDocument);
      for (const managed of list(Properties['ManagedPolicyArns'] ?? [])) {
        const { Type: type, Properties: of } = resources[target(managed) ?? ''] ?? {};
        if (type === 'AWS::IAM::ManagedPolicy') add(id, of?.['PolicyDocument']);
      }
    }
    if (Type !== 'AWS::IAM::Policy') continue;
    for (const role of list(Properties['Roles'])) add(target(role) ?? '?', Properties['PolicyDocument']);
  }
  return byRole;
}

/** The function's role, by logical ids. */
export const roleOf = (lambda: Resource): string => target(lambda.Properties['Role']) ?? '?';
