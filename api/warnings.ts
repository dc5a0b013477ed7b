/** What is said of a spec beside the answer: it is let through, and may still be a mistake. */
import { lookalikes } from '#core/lookalike.ts';
import type { Spec } from '#core/spec.ts';

export function warnedOf({ packages }: Spec) {
  const warnings = lookalikes(packages);
  return warnings.length === 0 ? {} : { warnings: [...warnings] };
}
