/** What every keeper of reports must do: what is linked to is the newest that was kept, whole. */
import { beforeEach, expect } from 'vitest';
import type { Reports } from '#core/ports.ts';
import { Report } from '#core/report.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf, finding, keyOf, start, verdict } from './samples.ts';

export interface ReportsWorld {
  readonly reports: Reports;
  /** What somebody gets who has nothing but the link. */
  readonly get: (url: string) => Promise<unknown>;
}
let runs = 0;

export function reportsContract(
  name: string,
  make: () => Promise<ReportsWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the reports', deviations, (test) => {
    let world: ReportsWorld;
    let report: Report;
    beforeEach(async () => {
      world = await make();
      report = {
        environment: keyOf('contract', `n${(runs++).toString(36)}-${Date.now().toString(36)}`),
        scannedAt: start,
        verdict: verdict({ digest: digestOf('image') }),
        findings: [finding(), finding({ id: 'CVE-1', package: 'ü+ &?' })],
      };
    });
    const read = async ({ environment, verdict: { digest } } = report) => {
      const { url, expiresSeconds } = await world.reports.link(environment, digest);
      expect(expiresSeconds).toBeLessThanOrEqual(600);
      return Report.parse(await world.get(url));
    };

    test('what was kept is read by its link', async () => {
      await world.reports.keep(report);
      expect(await read()).toEqual(report);
    });

    test('a newer report takes the place of the older one; each image has its own', async () => {
      const other = { ...report, verdict: verdict({ digest: digestOf('other') }) };
      await world.reports.keep(other);
      await world.reports.keep(report);
      const newer = { ...report, findings: [] };
      await world.reports.keep(newer);
      expect(await read()).toEqual(newer);
      expect(await read(other)).toEqual(other);
    });

    test('ten thousand findings are kept', async () => {
      const findings = Array.from({ length: 10_000 }, (_, i) => finding({ id: `CVE-2026-${i}` }));
      await world.reports.keep({ ...report, findings });
      expect((await read()).findings).toHaveLength(10_000);
    });
  });
}
