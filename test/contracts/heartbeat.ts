/** What every heartbeat does: each beat is heard once, and apart from another's. */
import { describe, expect, it } from 'vitest';
import type { Heartbeat } from '#core/access-ports.ts';

export interface HeartbeatUnderTest {
  readonly heartbeat: Heartbeat;
  /** How many were heard. */
  readonly heard: () => Promise<number>;
}

export function heartbeatContract(name: string, make: () => HeartbeatUnderTest): void {
  describe(`heartbeat: ${name}`, () => {
    it('is heard as often as it beats, and is no other one', async () => {
      const [ours, other] = [make(), make()];
      for (let i = 0; i < 3; i += 1) await ours.heartbeat.beat();
      expect(await ours.heard()).toBe(3);
      expect(await other.heard()).toBe(0);
    });
  });
}
