/** Heartbeats, counted where a test can see them. */
import type { Heartbeat } from '#core/access-ports.ts';
import { Retryable } from '#core/errors.ts';

export class MemoryHeartbeat implements Heartbeat {
  beats = 0;
  away = false;

  async beat(): Promise<void> {
    if (this.away) throw new Retryable('nobody hears it');
    this.beats += 1;
  }
}
