/** The part of a client of `redis` (node-redis), single or cluster, that a `RedisTokenStore` uses. */
export interface NodeRedisClient {
  /** Absent from clusters of older releases. */
  readonly isReady?: boolean;
  readonly isOpen?: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  // The arguments and results of these two methods differ between a single client and a cluster.
  readonly sendCommand: unknown;
  readonly duplicate: unknown;
}

/** The part of a client of `ioredis`, single or cluster, that a `RedisTokenStore` uses. */
export interface IoRedisClient {
  readonly status: string;
  readonly isCluster: boolean;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  // The arguments of this method differ between a single client and a cluster.
  readonly duplicate: unknown;
}

/** A client that the application has made, of `redis` (node-redis) or of `ioredis`. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** One interface for both libraries. */
export interface RedisConnection {
  /** Whether a command sent now would go out now, and not wait in a queue for a connection. */
  readonly ready: boolean;
  /** Resolves when the client has connected, or has failed to connect, for the first time. */
  readonly firstAttempt: Promise<void>;
  /** Calls `listener` each time the client has connected. @returns a function that ends this */
  onReady(listener: () => void): () => void;
  run(script: string, keys: string[], args: string[]): Promise<unknown>;
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Opens a connection of its own, so that the application's stays free for commands. */
  subscribe(channel: string, listener: (message: string) => void): RedisSubscription;
}

export interface RedisSubscription {
  /** Resolves when the subscription is made, and rejects when it cannot be made. */
  readonly stands: Promise<void>;
  /** Ends the subscription at once, also while its connection is still being made. Never throws. */
  end(): void;
}

export function isRedisClient(client: unknown): client is RedisClient {
  if (typeof client !== 'object' || client === null) return false;
  const { eval: run, duplicate, on } = client as Partial<Record<string, unknown>>;
  return (
    [run, duplicate, on].every((each) => typeof each === 'function') &&
    (isIoRedis(client) || isNodeRedis(client))
  );
}

export function connectionOf(client: RedisClient): RedisConnection {
  // When nobody listens to an error event, both libraries end the process or write to the console. Redis is allowed to
  // fail, so this code listens. The application's own listeners still get the event.
  client.on('error', ignore);
  return isIoRedis(client) ? ofIoRedis(client) : ofNodeRedis(client);
}

function ofNodeRedis(client: NodeRedisClient): RedisConnection {
  // A cluster has no event `ready`. For a single client, `connect` comes before its login.
  const readyEvent = 'masters' in client ? 'connect' : 'ready';
  // While one node of several does not answer, the library goes on with the next one.
  const isOneOfSeveral = () => ('masters' in client || 'getSentinelNode' in client) && client.isOpen === true;
  return {
    get ready() {
      return client.isReady ?? true;
    },
    firstAttempt:
      client.isReady === false
        ? firstOf(client, [readyEvent, 'end'], { failed: 'error', goesOn: isOneOfSeveral })
        : Promise.resolve(),
    onReady: (listener) => whenever(client, readyEvent, listener),
    run: (script, keys, args) => client.eval(script, { keys, arguments: args }),
    command: (...command) =>
      'masters' in client
        ? (client.sendCommand as SendClusterCommand).call(client, undefined, true, command)
        : (client.sendCommand as SendCommand).call(client, command),
    subscribe: (channel, listener) => {
      const subscriber = (client.duplicate as DuplicateNodeRedis).call(client, impatient(client));
      let hasSocket = false;
      let isEnded = false;
      // A library that is told to end before it has a socket still makes one. So the end waits for the socket.
      const end = () => {
        isEnded = true;
        if (hasSocket) harmlessly(() => subscriber.destroy());
      };
      subscriber.on('connect', () => {
        hasSocket = true;
        if (isEnded) end();
      });
      subscriber.on('error', () => {
        if (isEnded) harmlessly(() => subscriber.destroy());
      });
      subscriber.unref?.();
      const subscribe = async () => {
        await subscriber.connect();
        await subscriber.subscribe(channel, listener);
      };
      return { stands: subscribe(), end };
    },
  };
}

function ofIoRedis(client: IoRedisClient): RedisConnection {
  return {
    get ready() {
      // `wait` is a lazy client, which connects with its first command.
      return client.status === 'ready' || client.status === 'wait';
    },
    firstAttempt: ['ready', 'end'].includes(client.status)
      ? Promise.resolve()
      : firstOf(client, ['ready', 'end'], { failed: 'close', goesOn: () => false }),
    onReady: (listener) => whenever(client, 'ready', listener),
    run: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
    command: (name, ...args) => client.call(name, ...args),
    subscribe: (channel, listener) => {
      // A key prefix of the client would be put before the channel here, but not where a script publishes.
      const own = { keyPrefix: '' };
      const subscriber = client.isCluster
        ? (client.duplicate as DuplicateIoRedisCluster).call(client, [], own)
        : (client.duplicate as DuplicateIoRedis).call(client, own);
      subscriber.on('error', ignore);
      subscriber.on('connect', () => subscriber.stream?.unref?.());
      subscriber.on('message', (_channel, message) => listener(message));
      const subscribe = async () => void (await subscriber.subscribe(channel));
      // When the library is told to end a connection, it waits two seconds for the other side to end it as well. So the
      // socket is destroyed.
      const end = () =>
        harmlessly(() => {
          subscriber.disconnect();
          subscriber.stream?.destroy?.();
        });
      return { stands: subscribe(), end };
    },
  };
}

/** Resolves with the first of `events`, or when an attempt has `failed` and the client does not go on with it. */
function firstOf(
  client: RedisClient,
  events: readonly string[],
  { failed, goesOn }: { failed: string; goesOn: () => boolean },
): Promise<void> {
  return new Promise((resolve) => {
    // A cluster whose last node has failed notes only after the event that it is closed.
    const judge = () => setImmediate(() => goesOn() || end());
    const endings = [...events.map((event) => whenever(client, event, end)), whenever(client, failed, judge)];
    function end(): void {
      for (const each of endings) each();
      resolve();
    }
  });
}

/** @returns a function that removes the listener */
function whenever(client: RedisClient, event: string, listener: () => void): () => void {
  const emitter = client as unknown as EventSource;
  emitter.on(event, listener);
  return () => void emitter.removeListener(event, listener);
}

interface EventSource {
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** The separate connection that messages need, as node-redis makes it. */
interface NodeRedisSubscriber {
  on(event: 'error' | 'connect', listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
  unref?(): void;
}

/** The same, as ioredis makes it. */
interface IoRedisSubscriber {
  on(event: string, listener: (channel: string, message: string) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  readonly stream?: { unref?(): void; destroy?(): void };
}

type DuplicateNodeRedis = (overrides?: object) => NodeRedisSubscriber;
type DuplicateIoRedis = (overrides: object) => IoRedisSubscriber;
type DuplicateIoRedisCluster = (nodes: [], overrides: object) => IoRedisSubscriber;
type SendCommand = (command: string[]) => Promise<unknown>;
type SendClusterCommand = (firstKey: undefined, isReadonly: boolean, command: string[]) => Promise<unknown>;

function isIoRedis(client: object): client is IoRedisClient {
  return 'status' in client && 'call' in client;
}

function isNodeRedis(client: object): client is NodeRedisClient {
  return 'sendCommand' in client && 'connect' in client;
}

function reconnectStrategy(retries: number): number {
  return Math.min(500, 50 * 2 ** Math.min(retries, 10));
}

/** While node-redis waits between two attempts, it keeps the process alive. So it waits for half a second at most. */
function impatient(client: NodeRedisClient): object | undefined {
  const { socket } = (client as { options?: { socket?: object } }).options ?? {};
  return 'masters' in client ? undefined : { socket: { ...socket, reconnectStrategy } };
}

/** Ends a connection. A connection that has ended already throws, and that does no harm. */
function harmlessly(end: () => void): void {
  try {
    end();
  } catch {
    // It has ended.
  }
}

function ignore(): void {
  // An error that ends a command also ends the promise that waits for the command.
}
