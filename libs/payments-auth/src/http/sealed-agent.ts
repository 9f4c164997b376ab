/**
 * Holds an agent where nothing that prints a config can reach it: an agent lists its sockets, and a socket in flight
 * holds the request that is on it, credential included. It stands in for the agent in the configs that callers see,
 * and is opened again when such a config is sent once more (axios-retry does).
 */
export class SealedAgent {
  readonly #agent: unknown;

  private constructor(agent: unknown) {
    this.#agent = agent;
  }

  /** The agent behind it, or whatever else `agent` is. */
  static open(agent: unknown): unknown {
    return agent instanceof SealedAgent ? agent.#agent : agent;
  }

  static seal(agent: unknown): SealedAgent {
    return agent instanceof SealedAgent ? agent : new SealedAgent(agent);
  }
}
