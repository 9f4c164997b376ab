/**
 * A contender that serves many merchants. A contender without merchants gets an instance for each, made at its first call:
 * that is how it is used for several.
 */
export async function manyMerchants(contender, target, clients) {
  if (contender.createMany !== undefined) return contender.createMany(target, clients);
  const instances = new Map();
  const instanceOf = (client) => {
    if (!instances.has(client)) {
      const made = contender.create({ ...target, client });
      instances.set(client, made);
      // Some contenders log in when they are made. One that failed to is made again.
      made.catch(() => instances.delete(client));
    }
    return instances.get(client);
  };
  return {
    request: async (client, config) => (await instanceOf(client)).request(config),
    close: async () => undefined,
  };
}
