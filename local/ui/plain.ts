/** Progress for logs and pipes: one line when a step starts and ends, and one every half minute between. */
import type { Renderer, StepView } from '#local/ui/board.ts';
import { duration } from '#local/ui/format.ts';

const HEARTBEAT = 30_000;

export function plainRenderer(write: (line: string) => void, clock: () => number = Date.now): Renderer {
  const began = clock();
  const running = new Set<StepView>();
  let closed = false;
  const line = (mark: string, text: string): void =>
    write(`[${duration(clock() - began).padStart(7)}] ${mark} ${text}`);
  const withNote = (view: StepView): string => (view.note === '' ? '' : `: ${view.note}`);
  const heartbeat = setInterval(() => {
    for (const view of running)
      line('·', `${view.spec.title}, for ${duration(clock() - view.startedAt)}${withNote(view)}`);
  }, HEARTBEAT);
  heartbeat.unref();
  return {
    begin: () => undefined,
    started: (view) => {
      running.add(view);
      line('▸', view.spec.title);
    },
    noted: () => undefined,
    ended: (view) => {
      running.delete(view);
      if (closed || view.state === 'not started') return;
      const took = duration(view.endedAt - view.startedAt);
      line(view.state === 'done' ? '✓' : '✗', `${view.spec.title} (${took})${withNote(view)}`);
    },
    close: async () => {
      closed = true;
      clearInterval(heartbeat);
    },
  };
}
