export type { IoRedisClient, NodeRedisClient, RedisClient } from './redis-client.js';
export { RedisTokenStore } from './redis-token-store.js';
export type { RedisTokenStoreOptions, WarningLogger } from './redis-token-store.options.js';
export type { EncryptionKey } from './sealing-keys.js';
