/**
 * What judges say of a template against what its metadata says we live with (lib/kit/acknowledge.ts): a finding without
 * a reason and a reason without a finding are both wrong. Judges get the templates without their metadata, so that
 * they say everything.
 */
import * as z from '#core/zod.ts';

const judges = ['cfn-lint', 'checkov'] as const;
export type Judge = (typeof judges)[number];

/** Of one rule on one resource, or on what is not of a resource. */
export interface Finding {
  readonly judge: Judge;
  readonly rule: string;
  /** The file's name. */
  readonly template: string;
  /** The logical id. */
  readonly resource: string | undefined;
  readonly message: string;
}

export interface Acknowledgement extends Omit<Finding, 'message'> {
  readonly reason: string;
}

const Skips = z.looseObject({
  ...Object.fromEntries(
    judges.map((judge) => [
      judge,
      z.optional(
        z.object({ skip: z.array(z.object({ id: z.string(), comment: z.string().check(z.minLength(20)) })) }),
      ),
    ]),
  ),
});
const Template = z.looseObject({
  Metadata: z.optional(Skips),
  Resources: z.record(z.string(), z.looseObject({ Metadata: z.optional(Skips) })),
});

/** The template for the judges, and the reasons that were in it. */
export function unexcused(
  text: string,
  template: string,
): { readonly text: string; readonly acknowledgements: readonly Acknowledgement[] } {
  const { Metadata, Resources, ...rest } = Template.parse(JSON.parse(text));
  const all = [
    ...skipsOf(Metadata, template, undefined),
    ...Object.entries(Resources).flatMap(([id, resource]) => skipsOf(resource.Metadata, template, id)),
  ];
  const bare = Object.fromEntries(
    Object.entries(Resources).map(([id, { Metadata: _, ...resource }]) => [id, resource]),
  );
  return { text: JSON.stringify({ ...rest, Resources: bare }, null, 1), acknowledgements: all };
}

function skipsOf(
  metadata: z.infer<typeof Skips> | undefined,
  template: string,
  resource: string | undefined,
): Acknowledgement[] {
  return judges.flatMap((judge) =>
    (Skips.parse(metadata ?? {})[judge]?.skip ?? []).map(({ id, comment }) => ({
      judge,
      rule: id,
      template,
      resource,
      reason: comment,
    })),
  );
}

const CfnLint = z.array(
  z.object({
    Filename: z.string(),
    Rule: z.object({ Id: z.string() }),
    Message: z.string(),
    Location: z.object({ Path: z.nullish(z.array(z.union([z.string(), z.number()]))) }),
  }),
);

/** @param output of `cfn-lint --format json` */
export const findingsOfCfnLint = (output: string): Finding[] =>
  CfnLint.parse(JSON.parse(output)).map(({ Filename, Rule, Message, Location }) => {
    const [section, id] = Location.Path ?? [];
    const resource = section === 'Resources' && typeof id === 'string' ? id : undefined;
    return { judge: 'cfn-lint', rule: Rule.Id, template: nameOf(Filename), resource, message: Message };
  });

const Checkov = z.object({
  summary: z.object({ parsing_errors: z.number(), resource_count: z.number() }),
  results: z.object({
    failed_checks: z.array(
      z.object({
        check_id: z.string(),
        check_name: z.string(),
        file_path: z.string(),
        /** `<type>.<logical id>` */
        resource: z.string(),
      }),
    ),
  }),
});

/** @param output of `checkov --output json` over one framework */
export function findingsOfCheckov(output: string): Finding[] {
  const { summary, results } = Checkov.parse(JSON.parse(output));
  if (summary.parsing_errors > 0 || summary.resource_count === 0)
    throw new Error(
      `checkov read ${summary.resource_count} resources, ${summary.parsing_errors} files it could not read`,
    );
  return results.failed_checks.map(({ check_id, check_name, file_path, resource }) => ({
    judge: 'checkov',
    rule: check_id,
    template: nameOf(file_path),
    resource: resource.split('.').at(-1),
    message: check_name,
  }));
}

const nameOf = (path: string): string => path.split('/').at(-1) ?? path;

/** What is wrong, one line each; empty when every finding has its reason and every reason its finding. */
export function weigh(
  findings: readonly Finding[],
  acknowledgements: readonly Acknowledgement[],
): readonly string[] {
  const key = ({ judge, rule, template, resource = '' }: Omit<Finding, 'message'>): string =>
    [template, resource, `${judge} ${rule}`].filter(Boolean).join(' ');
  const found = new Set(findings.map(key));
  const excused = new Set(acknowledgements.map(key));
  const bare = new Map(
    findings.filter((finding) => !excused.has(key(finding))).map((it) => [key(it), it.message]),
  );
  const stale = new Set(acknowledgements.map(key).filter((it) => !found.has(it)));
  return [
    ...[...bare].map(([at, message]) => `${at}: ${message}: mend it, or acknowledge it with its reason`),
    ...[...stale].map((at) => `${at}: the reason has no finding any more: remove it`),
  ];
}
