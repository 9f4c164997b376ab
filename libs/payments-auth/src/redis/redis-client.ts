/** What a `RedisTokenStore` uses of a client of `redis` (node-redis), single or cluster. */
export interface NodeRedisClient {
  /** Absent from clusters of older releases. */
  readonly isReady?: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  // What these two take and give differs between a single client and a cluster.
  readonly sendCommand: unknown;
  readonly duplicate: unknown;
}

/** What a `RedisTokenStore` uses of a client of `ioredis`, single or cluster. */
export interface IoRedisClient {
  readonly status: string;
  readonly isCluster: boolean;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  // What it takes differs between a single client and a cluster.
  readonly duplicate: unknown;
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
        ? (client.sendCommand as SendClusterCommand).call(client, undefined, true, command)
        : (client.sendCommand as SendCommand).call(client, command),
    subscribe: async (channel, listener) => {
      const subscriber = (client.duplicate as DuplicateNodeRedis).call(client);
      subscriber.on('error', ignore);
      try {
        await subscriber.connect();
        subscriber.unref?.();
        await subscriber.subscribe(channel, listener);
      } catch (error) {
        subscriber.destroy();
        throw error;
      }
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
        ? (client.duplicate as DuplicateIoRedisCluster).call(client, [], own)
        : (client.duplicate as DuplicateIoRedis).call(client, own);
      subscriber.on('error', ignore);
      subscriber.on('connect', () => subscriber.stream?.unref?.());
      subscriber.on('message', (_channel, message) => listener(message));
      try {
        await subscriber.subscribe(channel);
      } catch (error) {
        subscriber.disconnect();
        throw error;
      }
      return () => subscriber.disconnect();
    },
  };
}

/** The connection of its own that messages need, as node-redis makes it. */
interface NodeRedisSubscriber {
  on(event: 'error', listener: () => void): unknown;
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
  readonly stream?: { unref?(): void };
}

type DuplicateNodeRedis = () => NodeRedisSubscriber;
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

function ignore(): void {
  // Whatever ends a command also ends the promise that waits for it.
}
