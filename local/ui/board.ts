/**
 * Steps that depend on each other, run as early as what they need allows, shown while they run.
 * A step is declared with the steps that it needs and gets their results, so that the order of the work
 * is what the types say:
 *
 *   const go = board.step({ title: 'Go' }, [packages], () => ensureGo());
 *   const node = board.step({ title: 'Kubernetes' }, [go, network], ([go]) => compile(go));
 *   await board.run();
 */
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

class NotStarted extends Error {}

type Results<N extends readonly Promise<unknown>[]> = { [K in keyof N]: Awaited<N[K]> };

export class Board {
  readonly #renderer: Renderer;
  readonly #clock: () => number;
  readonly #views: StepView[] = [];
  readonly #steps: Promise<unknown>[] = [];
  readonly #begin = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();
  #broken = false;

  constructor(renderer: Renderer, clock: () => number = Date.now) {
    this.#renderer = renderer;
    this.#clock = clock;
    // Heard in run(); without a listener a failure before that would end the process.
    this.#failed.promise.catch(() => undefined);
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

  /** Starts the declared steps; throws the first StepFailure at once, and starts no further step then. */
  async run(): Promise<StepTime[]> {
    this.#renderer.begin(this.#views);
    this.#begin.resolve();
    try {
      await Promise.race([Promise.all(this.#steps), this.#failed.promise]);
    } catch (error) {
      for (const view of this.#views) if (view.state === 'waiting') this.#end(view, 'not started');
      throw error;
    } finally {
      await this.#renderer.close();
    }
    return this.#views.map((view) => ({
      title: view.spec.title,
      milliseconds: view.endedAt - view.startedAt,
      note: view.note,
    }));
  }

  async #perform<N extends readonly Promise<unknown>[], T>(
    view: StepView,
    needs: N,
    work: (results: Results<N>, report: Report) => Promise<T>,
  ): Promise<T> {
    await this.#begin.promise;
    const results = await Promise.all(needs);
    if (this.#broken) throw new NotStarted();
    view.state = 'running';
    view.startedAt = this.#clock();
    this.#renderer.started(view);
    const note = (text: string): void => {
      view.note = text;
      this.#renderer.noted(view);
    };
    try {
      const value = await work(results, { note });
      this.#end(view, 'done');
      return value;
    } catch (cause) {
      this.#broken = true;
      this.#end(view, 'failed');
      const failure = new StepFailure(view.spec, view.endedAt - view.startedAt, cause);
      this.#failed.reject(failure);
      throw failure;
    }
  }

  #end(view: StepView, state: 'done' | 'failed' | 'not started'): void {
    view.state = state;
    view.endedAt = this.#clock();
    this.#renderer.ended(view);
  }
}
