import type { Symptom } from '../providers/advice.js';
import type { Transcript } from './transcript.js';

/** One problem, or a value that looks wrong, and what helps. It holds no secret. */
export interface CheckFinding {
  /** A warning may be no problem; a failure always is. */
  readonly severity: 'failure' | 'warning';
  readonly step: 'settings' | 'login' | 'probe' | 'clock';
  /** The provider's own words, or the system's. */
  readonly what: string;
  readonly status?: number;
  /** The provider itself says that the credential is not valid. */
  readonly isOwn?: true;
  readonly cause: string;
  readonly fix: string;
}

/** One request that was made. */
export interface CheckStep {
  readonly passed: boolean;
  readonly latencyMs: number;
  readonly status?: number;
}

/** The result for one provider. It is plain data, which `--json` prints. */
export interface ProviderCheck {
  readonly provider: string;
  readonly title: string;
  readonly ok: boolean;
  /** `no`: none of its required variables is set. `wrong`: one of them has a wrong value. */
  readonly configured: 'yes' | 'no' | 'wrong';
  readonly environment?: string;
  readonly baseUrls?: Readonly<Record<string, string>>;
  /** Absent for a static key, and where it did not come to it. */
  readonly login?: CheckStep;
  /** Absent where no harmless call is known, and where it did not come to it. */
  readonly probe?: CheckStep;
  readonly tokenLifetimeMs?: number;
  /** How far the provider's clock is ahead of this machine's. */
  readonly clockDifferenceMs?: number;
  readonly findings: readonly CheckFinding[];
  /** What the answers looked like: for `--report`, and left out of `--json`. */
  readonly transcripts?: readonly Transcript[];
}

/** Where the provider is asked. The empty string where that is not known. */
export function hostOf({ baseUrls = {} }: Pick<ProviderCheck, 'baseUrls'>): string {
  const [base = ''] = Object.values(baseUrls);
  return /^[a-z]+:\/\/([^/]+)/i.exec(base)?.[1] ?? '';
}

/** How a request went, whatever it was for. */
export interface StepResult<T> {
  readonly step: CheckStep;
  /** Absent where no answer came. */
  readonly transcript?: Transcript;
  readonly clockDifferenceMs?: number;
  /** What it was made for; absent when it failed. */
  readonly value?: T;
  /** Absent when it passed. */
  readonly symptom?: Symptom;
}
