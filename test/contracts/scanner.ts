/** What every scanner must do: an image is found or it is not, and of a scan all is told, or that it is not whole. */
import { beforeEach, expect, vi } from 'vitest';
import type { Scan } from '#core/finding.ts';
import { type Digest, Instant } from '#core/names.ts';
import type { ImageScanner } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf } from './samples.ts';

/** What is in an image: nothing known, Werkzeug 2.2.2, more than a page of findings, or what nobody can scan. */
export type Content = 'clean' | 'hole' | 'many' | 'unsupported';

export interface ScannerWorld {
  readonly scanner: ImageScanner;
  /** One that is scanned on push. */
  readonly repository: string;
  /** One where nothing is scanned. */
  readonly unscanned: string;
  push(repository: string, tag: string, content: Content): Promise<Digest>;
}

export function scannerContract(
  name: string,
  make: () => Promise<ScannerWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the image scanner', deviations, (test) => {
    let world: ScannerWorld;
    beforeEach(async () => {
      world = await make();
    });
    const ended = (digest: Digest): Promise<Scan> =>
      vi.waitFor(
        async () => {
          const scan = await world.scanner.scan(world.repository, digest);
          expect(['pending', 'missing']).not.toContain(scan.status);
          return scan;
        },
        { timeout: 60_000, interval: 200 },
      );
    const complete = async (content: Content) => {
      const scan = await ended(await world.push(world.repository, content, content));
      if (scan.status !== 'complete') throw new Error(`the scan is ${scan.status}`);
      return scan;
    };

    test('an image is found by digest and by tag', async () => {
      const digest = await world.push(world.unscanned, 'build-1', 'clean');
      const image = await world.scanner.image(world.unscanned, digest);
      expect(image).toMatchObject({ digest, tags: ['build-1'] });
      expect(Instant.safeParse(image?.pushedAt).success).toBe(true);
      expect(await world.scanner.imageByTag(world.unscanned, 'build-1')).toEqual(image);
    });

    test('a tag that moved names the newer image', async () => {
      const older = await world.push(world.unscanned, 'latest', 'clean');
      const newer = await world.push(world.unscanned, 'latest', 'hole');
      expect(await world.scanner.imageByTag(world.unscanned, 'latest')).toMatchObject({ digest: newer });
      expect(await world.scanner.image(world.unscanned, older)).toMatchObject({ digest: older, tags: [] });
    });

    test('what is not there is not found, and no repository is no image', async () => {
      const none = digestOf('never pushed');
      expect(await world.scanner.image(world.repository, none)).toBeUndefined();
      expect(await world.scanner.imageByTag(world.repository, 'never')).toBeUndefined();
      expect(await world.scanner.image(`${world.repository}/none`, none)).toBeUndefined();
      expect(await world.scanner.scan(world.repository, none)).toEqual({ status: 'missing' });
      expect(await world.scanner.scan(`${world.repository}/none`, none)).toEqual({ status: 'missing' });
    });

    test('an image that was never scanned has no scan', async () => {
      const digest = await world.push(world.unscanned, 'build-1', 'clean');
      expect((await world.scanner.scan(world.unscanned, digest)).status).toMatch(/^(?:missing|pending)$/);
    });

    test('a scan that found nothing is complete, and says when', async () => {
      const scan = await complete('clean');
      expect(scan.findings).toEqual([]);
      expect(Instant.safeParse(scan.completedAt).success).toBe(true);
    });

    test('a finding says what it is of, how severe, and what fixes it', async () => {
      const { findings } = await complete('hole');
      expect(findings.length).toBeGreaterThan(0);
      for (const finding of findings) expect(finding.package.toLowerCase()).toBe('werkzeug');
      const high = findings.find(({ severity, fix }) => severity === 'HIGH' && fix === 'yes');
      expect(high).toMatchObject({ installed: '2.2.2', ecosystem: 'pip' });
      expect(high?.fixedIn).toMatch(/^\d+\.\d+/);
      expect(high?.id).toMatch(/^(?:CVE|GHSA|PYSEC)-/);
    });

    test('more findings than one page holds are all told, each once', async () => {
      const { findings } = await complete('many');
      expect(findings.length).toBeGreaterThan(1000);
      const each = new Set(findings.map((one) => `${one.id} ${one.package}`));
      expect(each.size).toBe(findings.length);
    });

    test('what can not be scanned says so, and why', async () => {
      const scan = await ended(await world.push(world.repository, 'scratch', 'unsupported'));
      expect(scan).toMatchObject({ status: 'unsupported', reason: expect.stringMatching(/./) });
    });
  });
}
