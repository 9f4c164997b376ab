/** What a {@link RedisTokenStore} uses of a client of `redis` (node-redis), single or cluster. */
export interface NodeRedisClient {
  /** Absent from clusters of older releases. */
  readonly isReady?: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  // Its parameters differ between a single client and a cluster.
  readonly sendCommand: unknown;
  duplicate(): NodeRedisSubscriber;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** The connection of its own that messages need. */
export interface NodeRedisSubscriber {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
  unref?(): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** What a {@link RedisTokenStore} uses of a client of `ioredis`, single or cluster. */
export interface IoRedisClient {
  readonly status: string;
  readonly isCluster: boolean;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  // Its parameters differ between a single client and a cluster.
  readonly duplicate: unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** The connection of its own that messages need. */
interface IoRedisSubscriber {
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  readonly stream?: { unref?(): void };
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** A client that the application has made, of `redis` (node-redis) or of `ioredis`. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** The two libraries under one name. */
export interface RedisConnection {
  /** Whether a command sent now would go out now, and not wait in a queue for a connection. */
  readonly ready: boolean;
  run(script: string, keys: string[], args: string[]): Promise<unknown>;
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Opens a connection of its own, so that the application's stays free for commands. Resolves to what ends it. */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => void>;
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
  // Both libraries end the process, or write to the console, over an error event that nobody listens to. Redis is
  // allowed to fail, so this listens; the application's own listeners hear of it all the same.
  client.on('error', ignore);
  return isIoRedis(client) ? ofIoRedis(client) : ofNodeRedis(client);
}

function ofNodeRedis(client: NodeRedisClient): RedisConnection {
  return {
    get ready() {
      return client.isReady ?? true;
    },
    run: (script, keys, args) => client.eval(script, { keys, arguments: args }),
    command: (...command) =>
      'masters' in client
        ? (client.sendCommand as ClusterCommand).call(client, undefined, true, command)
        : (client.sendCommand as Command).call(client, command),
    subscribe: async (channel, listener) => {
      const subscriber = client.duplicate();
      subscriber.on('error', ignore);
      await subscriber.connect();
      subscriber.unref?.();
      await subscriber.subscribe(channel, listener);
      return () => subscriber.destroy();
    },
  };
}

function ofIoRedis(client: IoRedisClient): RedisConnection {
  return {
    get ready() {
      // `wait` is a lazy client, which connects with its first command.
      return client.status === 'ready' || client.status === 'wait';
    },
    run: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
    command: (name, ...args) => client.call(name, ...args),
    subscribe: async (channel, listener) => {
      // A key prefix of the client would be put before the channel here, but not where a script publishes.
      const own = { keyPrefix: '' };
      const subscriber = client.isCluster
        ? (client.duplicate as DuplicateCluster).call(client, [], own)
        : (client.duplicate as Duplicate).call(client, own);
      subscriber.on('error', ignore);
      subscriber.on('connect', () => subscriber.stream?.unref?.());
      subscriber.on('message', (_channel: string, message: string) => listener(message));
      await subscriber.subscribe(channel);
      return () => subscriber.disconnect();
    },
  };
}

type Command = (this: NodeRedisClient, command: string[]) => Promise<unknown>;
type ClusterCommand = (
  this: NodeRedisClient,
  firstKey: undefined,
  isReadonly: boolean,
  command: string[],
) => Promise<unknown>;
type Duplicate = (this: IoRedisClient, overrides: object) => IoRedisSubscriber;
type DuplicateCluster = (this: IoRedisClient, nodes: [], overrides: object) => IoRedisSubscriber;

function isIoRedis(client: object): client is IoRedisClient {
  return 'status' in client && 'call' in client;
}

function isNodeRedis(client: object): client is NodeRedisClient {
  return 'sendCommand' in client && 'connect' in client;
}

function ignore(): void {
  // Whatever ends a command also ends the promise that waits for it.
}
