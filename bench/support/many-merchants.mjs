/**
 * A contender that serves many merchants. A contender that knows no merchants gets an instance for each merchant, made at the
 * first call, because that is how it is used for several.
 */
export async function manyMerchants(contender, target, clients) {
  if (contender.createMany !== undefined) return contender.createMany(target, clients);
  const instances = new Map();
  const instanceOf = (client) => {
    if (!instances.has(client)) {
      const made = contender.create({ ...target, client });
      instances.set(client, made);
      // Some contenders log in when they are created. If that login fails, the contender is created again.
      made.catch(() => instances.delete(client));
    }
    return instances.get(client);
  };
  return {
    request: async (client, config) => (await instanceOf(client)).request(config),
    close: async () => undefined,
  };
}
