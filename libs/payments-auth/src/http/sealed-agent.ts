/**
 * Holds an agent so that code which prints a config cannot reach it: an agent lists its sockets, and a socket in use
 * holds its request, with the credential. It replaces the agent in the configs that callers see, and is opened again
 * when such a config is sent once more (axios-retry does this).
 */
export class SealedAgent {
  readonly #agent: unknown;

  private constructor(agent: unknown) {
    this.#agent = agent;
  }

  /** The agent inside a `SealedAgent`; any other value as it is. */
  static open(agent: unknown): unknown {
    return agent instanceof SealedAgent ? agent.#agent : agent;
  }

  static seal(agent: unknown): SealedAgent {
    return agent instanceof SealedAgent ? agent : new SealedAgent(agent);
  }
}
