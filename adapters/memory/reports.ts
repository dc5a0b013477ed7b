/** Reports in memory; what is linked to can be read. */
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Reports } from '#core/ports.ts';
import type { Report } from '#core/report.ts';

export class MemoryReports implements Reports {
  readonly kept = new Map<string, Report>();

  async keep(report: Report): Promise<void> {
    this.kept.set(urlOf(report.environment, report.verdict.digest), report);
  }

  async link(key: EnvironmentKey, digest: Digest) {
    return { url: urlOf(key, digest), expiresSeconds: 300 };
  }
}

const urlOf = (key: EnvironmentKey, digest: Digest): string =>
  `https://reports.example/${environmentId(key)}/${digest.replace('sha256:', '')}.json`;
