const ELSEWHERE = { baseUrl: 'http://127.0.0.1:9', keepWarm: 'when-used' };

/** The first six providers. They must not slow down a call to another provider. */
export const SIX = {
  cashfin: { ...ELSEWHERE, credentials: { clientSecret: 'cs_bench_not_real' } },
  kashier: { ...ELSEWHERE, credentials: { secretKey: 'bench$not-real' } },
  pesapal: { ...ELSEWHERE, credentials: { consumerKey: 'bench', consumerSecret: 'bench-not-real' } },
  clickpesa: { ...ELSEWHERE, credentials: { clientId: 'bench', apiKey: 'bench-not-real' } },
  wakapay: { ...ELSEWHERE, credentials: { apiKey: 'bench', apiSecret: 'bench-not-real' } },
  cryptofuse: { ...ELSEWHERE, credentials: { clientId: 'bench', clientSecret: 'bench-not-real' } },
};
