/**
 * Steps that depend on each other, run as early as what they need allows, shown while they run.
 * A step is declared with the steps that it needs and gets their results, so that the order of the work
 * is what the types say:
 *
 *   const go = board.step({ title: 'Go' }, [packages], () => ensureGo());
 *   const node = board.step({ title: 'Kubernetes' }, [go, network], ([go]) => compile(go));
 *   await board.run();
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface StepSpec {
  readonly title: string;
  /** Where the step writes; its last lines are shown when it fails. */
  readonly log?: string;
  /** What a person can do when it fails. */
  readonly advice?: string;
}

/** What a running step tells of itself. */
export interface Report {
  /** Replaces the short text that is shown beside the title. */
  note(text: string): void;
}

export interface StepTime {
  readonly title: string;
  readonly milliseconds: number;
  readonly note: string;
}

/** Shown as the steps go; told of everything, decides nothing. */
export interface Renderer {
  begin(steps: readonly StepView[]): void;
  started(step: StepView): void;
  noted(step: StepView): void;
  ended(step: StepView): void;
  /** Resolves when the last line is on the screen. */
  close(): Promise<void>;
}

export interface StepView {
  readonly spec: StepSpec;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'not started';
  note: string;
  startedAt: number;
  endedAt: number;
}

/** The first step that failed, with all that a person needs to go on. */
export class StepFailure extends Error {
  readonly step: StepSpec;
  readonly milliseconds: number;
  constructor(step: StepSpec, milliseconds: number, cause: unknown) {
    super(`${step.title}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StepFailure';
    this.step = step;
    this.milliseconds = milliseconds;
  }
}

/** Somebody asked to stop: not a failure of the step. */
export class Interrupted extends Error {
  constructor(signal: string) {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
  }
}

export interface Outcome extends StepTime {
  readonly failure?: StepFailure;
}

interface BoardOptions {
  readonly renderer: Renderer;
  readonly clock?: () => number;
  /** Ends what running steps wait for, once one has failed. */
  readonly cancel?: () => void;
}

class NotStarted extends Error {}

type Results<N extends readonly Promise<unknown>[]> = { [K in keyof N]: Awaited<N[K]> };

/** How long steps that still run are waited for after one failed. */
const PATIENCE = 15_000;

export class Board {
  readonly #renderer: Renderer;
  readonly #clock: () => number;
  readonly #cancel: () => void;
  readonly #views: StepView[] = [];
  readonly #steps: Promise<unknown>[] = [];
  readonly #failures = new Map<StepView, StepFailure>();
  readonly #begin = Promise.withResolvers<void>();
  readonly #stop = Promise.withResolvers<never>();
  #stopped = false;
  #keepGoing = false;

  constructor({ renderer, clock = Date.now, cancel = () => undefined }: BoardOptions) {
    this.#renderer = renderer;
    this.#clock = clock;
    this.#cancel = cancel;
    // Heard in run(); without a listener a failure before that would end the process.
    this.#stop.promise.catch(() => undefined);
  }

  step<const N extends readonly Promise<unknown>[], T>(
    spec: StepSpec,
    needs: N,
    work: (results: Results<N>, report: Report) => Promise<T>,
  ): Promise<T> {
    const view: StepView = { spec, state: 'waiting', note: '', startedAt: 0, endedAt: 0 };
    this.#views.push(view);
    const result = this.#perform(view, needs, work);
    result.catch(() => undefined);
    this.#steps.push(result);
    return result;
  }

  /** Runs the declared steps. The first failure stops the board, and is thrown when what still ran has ended. */
  async run(): Promise<StepTime[]> {
    await this.#until(Promise.all(this.#steps));
    return this.#views.map(timeOf);
  }

  /** Runs them all, whatever fails; a step whose needs failed is left out. */
  async settle(): Promise<Outcome[]> {
    this.#keepGoing = true;
    await this.#until(Promise.allSettled(this.#steps));
    return this.#views.map((view) => {
      const failure = this.#failures.get(view);
      return failure === undefined ? timeOf(view) : { ...timeOf(view), failure };
    });
  }

  /** No further step is started, and run() throws this. */
  stop(reason: Error): void {
    this.#stopped = true;
    this.#stop.reject(reason);
  }

  async #until(ended: Promise<unknown>): Promise<void> {
    this.#renderer.begin(this.#views);
    this.#begin.resolve();
    try {
      await Promise.race([ended, this.#stop.promise]);
    } catch (error) {
      this.#cancel();
      await Promise.race([Promise.allSettled(this.#steps), sleep(PATIENCE, undefined, { ref: false })]);
      throw error;
    } finally {
      await this.#renderer.close();
    }
  }

  async #perform<N extends readonly Promise<unknown>[], T>(
    view: StepView,
    needs: N,
    work: (results: Results<N>, report: Report) => Promise<T>,
  ): Promise<T> {
    await this.#begin.promise;
    try {
      const results = await Promise.all(needs);
      if (this.#stopped) throw new NotStarted();
      view.state = 'running';
      view.startedAt = this.#clock();
      this.#renderer.started(view);
      const value = await work(results, { note: (text) => this.#note(view, text) });
      this.#end(view, 'done');
      return value;
    } catch (cause) {
      if (view.state === 'waiting') {
        this.#end(view, 'not started');
        throw cause;
      }
      this.#end(view, 'failed');
      const failure = new StepFailure(view.spec, view.endedAt - view.startedAt, cause);
      this.#failures.set(view, failure);
      if (!this.#keepGoing) this.stop(failure);
      throw failure;
    }
  }

  #note(view: StepView, text: string): void {
    view.note = text;
    this.#renderer.noted(view);
  }

  #end(view: StepView, state: 'done' | 'failed' | 'not started'): void {
    view.state = state;
    view.endedAt = this.#clock();
    this.#renderer.ended(view);
  }
}

const timeOf = (view: StepView): StepTime => ({
  title: view.spec.title,
  milliseconds: view.endedAt - view.startedAt,
  note: view.note,
});
