import { bootError } from '../payments-auth.errors.js';

/**
 * The problems and warnings about the options of one application. All of them are collected, so that one message shows
 * everything that has to be corrected (R16). A finding names a path or a variable, and never a value.
 */
export class Findings {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];

  problem(where: string, what: string): void {
    this.problems.push(`${where}: ${what}`);
  }

  warning(where: string, what: string): void {
    this.warnings.push(`${where}: ${what}`);
  }

  /** @throws PaymentsAuthError INVALID_OPTIONS with every problem, if there is one */
  refuseProblems(): void {
    if (this.problems.length === 0) return;
    const count = this.problems.length === 1 ? 'one problem' : `${this.problems.length} problems`;
    throw bootError([`PaymentsAuthModule has ${count} in its options:`, ...this.problems].join('\n  - '), [
      ...this.problems,
    ]);
  }
}
