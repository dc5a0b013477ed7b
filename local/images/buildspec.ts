/** The part of CodeBuild's buildspec 0.2 that runs here. What it does not know it refuses, rather than leaving it out. */
import { parse } from 'yaml';
import * as z from '#core/zod.ts';

const phase = z.strictObject({
  commands: z._default(z.array(z.string().check(z.minLength(1))), []),
  finally: z._default(z.array(z.string().check(z.minLength(1))), []),
});

const buildspec = z.strictObject({
  version: z.union([z.literal(0.2), z.literal('0.2')]),
  env: z._default(
    z.strictObject({
      shell: z.optional(z.literal('bash')),
      variables: z._default(z.record(z.string(), z.coerce.string()), {}),
    }),
    { variables: {} },
  ),
  phases: z.strictObject({
    install: z.optional(phase),
    pre_build: z.optional(phase),
    build: z.optional(phase),
    post_build: z.optional(phase),
  }),
});

export type Buildspec = z.infer<typeof buildspec>;
type PhaseName = keyof Buildspec['phases'];
export type Phase = z.infer<typeof phase>;

export const phaseNames = [
  'install',
  'pre_build',
  'build',
  'post_build',
] as const satisfies readonly PhaseName[];

export function parseBuildspec(yaml: string): Buildspec {
  const parsed = buildspec.safeParse(parse(yaml));
  if (!parsed.success) throw new Error(`the buildspec does not run here: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/**
 * One bash script a phase. As in CodeBuild, a command that fails ends the phase, `finally` runs all the same, and
 * variables and the working folder carry over to the next phase (through the file $CODEBUILD_LOCAL_STATE).
 */
export function phaseScript({ commands, finally: last }: Phase): string {
  const step = (command: string) =>
    `echo ${quote(`[Container] Running command ${command}`)}\neval ${quote(command)}`;
  return [
    'succeeding=$CODEBUILD_BUILD_SUCCEEDING',
    'if [ -f "$CODEBUILD_LOCAL_STATE" ]; then . "$CODEBUILD_LOCAL_STATE"; fi',
    'export CODEBUILD_BUILD_SUCCEEDING=$succeeding',
    'keep_state() { { export -p; printf "cd %q\\n" "$PWD"; } > "$CODEBUILD_LOCAL_STATE"; }',
    'phase_status=0',
    ...commands.map((command) => `if [ $phase_status = 0 ]; then\n${step(command)} || phase_status=$?\nfi`),
    ...last.map((command) => `${step(command)} || phase_status=$?`),
    'keep_state',
    'exit $phase_status',
  ].join('\n');
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
