import type { Symptom } from '../providers/advice.js';
import type { Transcript } from './transcript.js';

/** One problem, or a value that looks wrong, and what to do. It contains no secret. */
export interface CheckFinding {
  /** A failure is always a problem. A warning may be none. */
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
  /** Absent for a static key, and where the check ended before the login. */
  readonly login?: CheckStep;
  /** Absent where no harmless call is known, and where the check ended before the call. */
  readonly probe?: CheckStep;
  readonly tokenLifetimeMs?: number;
  /** How far the provider's clock is ahead of this machine's. */
  readonly clockDifferenceMs?: number;
  readonly findings: readonly CheckFinding[];
  /** The form of the answers, for `--report`. Left out of `--json`. */
  readonly transcripts?: readonly Transcript[];
}

/** The host that is asked. The empty string where it is not known. */
export function hostOf({ baseUrls = {} }: Pick<ProviderCheck, 'baseUrls'>): string {
  const [base = ''] = Object.values(baseUrls);
  return /^[a-z]+:\/\/([^/]+)/i.exec(base)?.[1] ?? '';
}

/** The result of a request of any kind. */
export interface StepResult<T> {
  readonly step: CheckStep;
  /** Absent where no answer came. */
  readonly transcript?: Transcript;
  readonly clockDifferenceMs?: number;
  /** The wanted value. Absent when the request failed. */
  readonly value?: T;
  /** Absent when the request succeeded. */
  readonly symptom?: Symptom;
}
