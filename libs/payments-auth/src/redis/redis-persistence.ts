import type { RedisConnection } from './redis-client.js';

/**
 * Finds out whether a Redis writes its data to disk, as far as Redis allows the question.
 *
 * @returns how Redis writes, in a word or two; `undefined` when it does not write, or does not say
 */
export async function persistenceOf(connection: RedisConnection): Promise<string | undefined> {
  const [save, appendOnly, info] = await Promise.all([
    setting(connection, 'save'),
    setting(connection, 'appendonly'),
    connection.command('INFO', 'persistence').then(String, () => ''),
  ]);
  const ways: string[] = [];
  // Where the configuration may not be read (managed services), a snapshot that was taken is the proof.
  const snapshots = save === undefined ? /^rdb_last_bgsave_time_sec:\d/m.test(info) : save !== '';
  if (snapshots) ways.push('snapshots (save)');
  if (appendOnly === 'yes' || /^aof_enabled:1/m.test(info)) ways.push('an append-only file (appendonly)');
  return ways.length === 0 ? undefined : ways.join(' and ');
}

async function setting(connection: RedisConnection, name: string): Promise<string | undefined> {
  try {
    const reply = await connection.command('CONFIG', 'GET', name);
    // RESP 2 answers with a list, RESP 3 with a map, and each client represents a map in another way.
    if (Array.isArray(reply)) return reply.length < 2 ? undefined : String(reply[1]);
    const value = reply instanceof Map ? reply.get(name) : (reply as Record<string, unknown> | null)?.[name];
    return value === undefined ? undefined : String(value);
  } catch {
    return undefined;
  }
}
