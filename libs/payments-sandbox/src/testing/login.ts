import type { ProviderName } from '../providers/index.js';
import { OWN_ACCOUNT } from '../sandbox-provider.js';
import type { Sandbox } from '../sandbox.js';

type StaticKeyProvider = 'cashfin' | 'kashier';
type TokenProvider = Exclude<ProviderName, StaticKeyProvider>;

/** Logs in as each provider documents it, and returns the header of its calls. */
export async function login(
  sandbox: Sandbox,
  name: ProviderName,
  account: string = OWN_ACCOUNT,
): Promise<Record<string, string>> {
  if (name === 'cashfin')
    return { authorization: sandbox.provider(name).credentialsOf(account).clientSecret };
  if (name === 'kashier') return { authorization: sandbox.provider(name).credentialsOf(account).secretKey };
  const response = await requestToken(sandbox, name, account);
  const answer = (await response.json()) as Record<string, string>;
  const token = answer['token'] ?? answer['accessToken'] ?? answer['access_token'] ?? '';
  return { authorization: token.startsWith('Bearer ') ? token : `Bearer ${token}` };
}

/** The documented token request. */
export function requestToken(
  sandbox: Sandbox,
  name: TokenProvider,
  account: string = OWN_ACCOUNT,
): Promise<Response> {
  const { baseUrl } = sandbox.provider(name);
  const json = { 'content-type': 'application/json', accept: 'application/json' };
  switch (name) {
    case 'pesapal': {
      const { consumerKey, consumerSecret } = sandbox.provider(name).credentialsOf(account);
      const body = JSON.stringify({ consumer_key: consumerKey, consumer_secret: consumerSecret });
      return fetch(`${baseUrl}/api/Auth/RequestToken`, { method: 'POST', headers: json, body });
    }
    case 'clickpesa': {
      const { clientId, apiKey } = sandbox.provider(name).credentialsOf(account);
      const headers = { 'client-id': clientId, 'api-key': apiKey };
      return fetch(`${baseUrl}/third-parties/generate-token`, { method: 'POST', headers });
    }
    case 'wakapay': {
      const body = JSON.stringify(sandbox.provider(name).credentialsOf(account));
      return fetch(`${baseUrl}/business/auth`, { method: 'POST', headers: json, body });
    }
    default: {
      const { clientId, clientSecret } = sandbox.provider(name).credentialsOf(account);
      const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
      return fetch(`${baseUrl}/o/token/`, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read write' }),
      });
    }
  }
}
