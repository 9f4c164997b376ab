/** A merchant's static credentials, by field. */
export type Credentials = Readonly<Record<string, string | undefined>>;

/** One version of an account's credentials, and when it is accepted. */
export interface KeyVersion<C extends Credentials = Credentials> {
  readonly credentials: C;
  readonly worksFromMs: number;
  worksUntilMs: number;
}

export interface Rotation {
  /** How long the old key is still accepted, in milliseconds. @default an hour at Cashfin, 0 at the other providers */
  readonly oldWorksForMs?: number;
  /** How long the new key is refused at first, because not every server of the provider knows it yet. In milliseconds. @default 0 */
  readonly newWorksAfterMs?: number;
}

/** One merchant at one provider: its credentials, newest first. */
export class Account<C extends Credentials = Credentials> {
  readonly #versions: KeyVersion<C>[] = [];
  /** The provider refuses every call, although logins succeed. */
  suspended = false;

  constructor(
    readonly id: string,
    credentials: C,
    nowMs: number,
  ) {
    this.#versions.push({ credentials, worksFromMs: nowMs, worksUntilMs: Infinity });
  }

  /** The newest credentials. */
  get credentials(): C {
    return (this.#versions[0] as KeyVersion<C>).credentials;
  }

  /** Every version so far, newest first. */
  get versions(): readonly KeyVersion<C>[] {
    return this.#versions;
  }

  rotate(credentials: C, nowMs: number, rotation: Required<Rotation>): void {
    for (const version of this.#versions)
      version.worksUntilMs = Math.min(version.worksUntilMs, nowMs + rotation.oldWorksForMs);
    this.#versions.unshift({
      credentials,
      worksFromMs: nowMs + rotation.newWorksAfterMs,
      worksUntilMs: Infinity,
    });
  }

  /** The version that matches, if it is accepted now. */
  accepted(matches: (credentials: C) => boolean, nowMs: number): KeyVersion<C> | undefined {
    return this.#versions.find(
      (version) =>
        version.worksFromMs <= nowMs && nowMs < version.worksUntilMs && matches(version.credentials),
    );
  }
}
