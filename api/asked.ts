/** What is asked for, held against the configuration: where it may be, and from which base. */
import type { Config } from '#core/config.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Spec } from '#core/spec.ts';
import { invalid, ProblemError } from './problem.ts';

/** @throws 422 where the configuration has no such environment or base, or the base takes no such packages. */
export function placed(config: Config, key: EnvironmentKey, spec: Spec) {
  const known = config.environments.find(({ team, name }) => team === key.team && name === key.name);
  if (!known) throw notConfigured(key);
  const cluster = config.clusters.find(({ name }) => name === known.cluster);
  if (!cluster) throw new Error(`the configuration has no cluster ${known.cluster}`);
  return { cluster, base: baseOf(config, spec) };
}

function baseOf(config: Config, spec: Spec): Config['catalog']['bases'][number] {
  const base = config.catalog.bases.find((entry) => entry.name === spec.base);
  if (!base) {
    const names = config.catalog.bases.map((entry) => entry.name).join(', ');
    const message = `no base is called ${spec.base}; the catalog has ${names}`;
    throw invalid([{ path: 'spec.base', message }]);
  }
  const fields = (['apt', 'pip', 'npm'] as const)
    .filter((manager) => spec.packages[manager].length > 0 && !base.takes.includes(manager))
    .map((manager) => ({
      path: `spec.packages.${manager}`,
      message: `${base.name} takes no ${manager} packages`,
    }));
  if (fields.length > 0) throw invalid(fields);
  return base;
}

const notConfigured = (key: EnvironmentKey) => {
  const message = `${environmentId(key)} is not among the environments of the configuration`;
  return new ProblemError(422, 'No repositories', `${message}.`, { fields: [{ path: 'name', message }] });
};
