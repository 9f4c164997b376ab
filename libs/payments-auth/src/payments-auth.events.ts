import { Logger } from '@nestjs/common';
import { Observable, type Observer, Subject, Subscriber } from 'rxjs';
import type { EventSink, PaymentsAuthEvent } from './credentials/payments-auth-event.js';

/**
 * Everything that happens to the credentials of one application, as an Observable of events.
 *
 * A listener cannot harm a request. It is called in a microtask, so it does not run between two steps of the
 * library's work. Its errors and rejected promises are caught here, where rxjs would end the process.
 */
export class PaymentsAuthEvents {
  readonly #subject = new Subject<PaymentsAuthEvent>();

  /** Never ends with an error; completes when the application shuts down. */
  readonly events$: Observable<PaymentsAuthEvent> = new GuardedObservable<PaymentsAuthEvent>((subscriber) =>
    this.#subject.subscribe(subscriber),
  );

  /** Emits an event. A call with a fresh credential emits none, so this costs it nothing. */
  readonly emit: EventSink = (event) => {
    // Each event gets a microtask of its own. The microtask carries the asynchronous context of what happened, by which
    // a listener knows whose call it was.
    if (this.#subject.observed) queueMicrotask(() => this.#subject.next(event));
  };

  /** Completes `events$`, after the events so far have been delivered. */
  complete(): void {
    queueMicrotask(() => this.#subject.complete());
  }
}

/**
 * An observable whose consumers may fail. rxjs reports what a consumer throws as an uncaught exception, which ends
 * the process; so the consumer is wrapped before rxjs sees it. `lift` passes the guard on through `pipe`.
 */
class GuardedObservable<T> extends Observable<T> {
  /** @deprecated what rxjs 7 calls from its operators, as its own subjects do */
  override lift<R>(operator: NonNullable<Observable<R>['operator']>): Observable<R> {
    const lifted = new GuardedObservable<R>();
    lifted.source = this as unknown as Observable<R>;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ) {
    // An operator subscribes here. The observer at the end of the chain is wrapped already.
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext);
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'object' && observerOrNext !== null
        ? observerOrNext
        : {
            ...(observerOrNext ? { next: observerOrNext } : {}),
            ...(error ? { error } : {}),
            ...(complete ? { complete } : {}),
          };
    return super.subscribe({
      next: (value) => guarded(() => observer.next?.(value)),
      error: (failure) => guarded(() => (observer.error ? observer.error(failure) : report(failure))),
      complete: () => guarded(() => observer.complete?.()),
    });
  }
}

/** Reports what a consumer throws. An `async` listener returns a promise, although its type says `void`. */
function guarded(consume: () => unknown): void {
  try {
    const returned = consume();
    if (returned instanceof Promise) returned.catch(report);
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  new Logger('PaymentsAuthEvents').error(`A listener of events$ failed: ${what}`);
}
