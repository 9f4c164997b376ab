/**
 * Each contender is set up as its own documents recommend. `create({ url, agent, adapter, client })` answers
 * `{ request(config), close() }`; `adapter` is given where the network is left out, `client` where there are several
 * merchants. `createMany(target, clients)` is for contenders that serve many merchants by one instance.
 */
import { Agent } from 'node:http';
import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import { clientCredentials } from 'axios-oauth-client';
import tokenProvider from 'axios-token-interceptor';
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';
import * as openid from 'openid-client';
import { ClientCredentials } from 'simple-oauth2';
import { startLibrary } from '../support/library.mjs';
import { DocumentedTokenManager } from './documented-token-manager.mjs';

const ID = 'bench-client';
const SECRET = 'bench-secret-not-real';
const SCOPE = 'read write';

function instanceOf({ url, agent, adapter }, more = {}) {
  return axios.create({
    baseURL: url,
    ...(agent ? { httpAgent: agent } : {}),
    ...(adapter ? { adapter } : {}),
    ...more,
  });
}

/** Without the network, there is a token from the start. */
async function tokenOf({ url, adapter, client = ID }) {
  if (adapter) return { access_token: 'bench-token', expires_in: 3_600 };
  const login = new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE });
  const { data } = await axios.post(`${url}/o/token/`, login, {
    auth: { username: client, password: SECRET },
  });
  return data;
}

export const CONTENDERS = [
  {
    name: 'bare axios, no header',
    role: 'floor',
    create: async (target) => {
      const instance = instanceOf(target);
      return { request: (config) => instance.request({ ...config, url: '/open/' }) };
    },
  },
  {
    name: 'bare axios, constant header',
    role: 'floor',
    create: async (target) => {
      const { access_token: token } = await tokenOf(target);
      const instance = instanceOf(target, { headers: { Authorization: `Bearer ${token}` } });
      return { request: (config) => instance.request(config) };
    },
  },
  {
    name: 'nestjs-payments-auth',
    role: 'ours',
    create: async (target) => {
      const { url, agent, adapter } = target;
      const library = await startLibrary(url, { provider: { http: agent ? { httpAgent: agent } : {} } });
      const instance = library.service.http('bench').axiosRef;
      if (adapter) instance.defaults.adapter = adapter;
      const credentials = library.service.credentials('bench');
      return {
        request: (config) => instance.request(config),
        prime: () => credentials.get(),
        status: () => credentials.status(),
        close: library.close,
      };
    },
    createMany: async ({ url, agent }, clients) => {
      const accounts = (account) =>
        clients.includes(account) ? { clientId: account, clientSecret: SECRET } : undefined;
      const library = await startLibrary(url, {
        provider: { credentials: undefined, accounts, http: { httpAgent: agent } },
      });
      const instance = library.service.http('bench').axiosRef;
      return {
        request: (account, config) => instance.request({ ...config, paymentsAuth: { account } }),
        close: library.close,
      };
    },
  },
  {
    name: 'a token per call (FinConnect)',
    role: 'peer',
    create: async (target) => {
      const instance = instanceOf(target);
      return {
        request: async (config) => {
          const { access_token: token } = await tokenOf(target);
          return instance.request({
            ...config,
            headers: { ...config.headers, Authorization: `Bearer ${token}` },
          });
        },
      };
    },
  },
  {
    name: "TokenManager of WakaPay's document",
    role: 'peer',
    create: async (target) => {
      const instance = instanceOf(target);
      const manager = new DocumentedTokenManager(() => tokenOf(target));
      const send = async (config) =>
        instance.request({
          ...config,
          headers: { ...config.headers, Authorization: `Bearer ${await manager.getToken()}` },
        });
      return {
        request: async (config) => {
          try {
            return await send(config);
          } catch (error) {
            if (error.response?.status !== 401) throw error;
            manager.clearToken();
            return send(config);
          }
        },
      };
    },
  },
  {
    name: "TokenManager of Cryptofuse's document",
    role: 'peer',
    create: async (target) => {
      const instance = instanceOf(target);
      const manager = new DocumentedTokenManager(() => tokenOf(target));
      return {
        request: async (config) =>
          instance.request({
            ...config,
            headers: { ...config.headers, Authorization: `Bearer ${await manager.getToken()}` },
          }),
      };
    },
  },
  {
    name: 'axios-oauth-client + axios-token-interceptor',
    role: 'peer',
    create: async (target) => {
      const getToken = clientCredentials(
        axios.create(),
        `${target.url}/o/token/`,
        target.client ?? ID,
        SECRET,
      );
      const cache = tokenProvider.tokenCache(() => (target.adapter ? tokenOf(target) : getToken(SCOPE)), {
        getMaxAge: (body) => body.expires_in * 1_000,
      });
      const instance = instanceOf(target);
      instance.interceptors.request.use(
        tokenProvider({ getToken: cache, headerFormatter: (body) => `Bearer ${body.access_token}` }),
      );
      return { request: (config) => instance.request(config) };
    },
  },
  {
    name: 'axios-auth-refresh',
    role: 'peer',
    create: async (target) => {
      let { access_token: token } = await tokenOf(target);
      const instance = instanceOf(target);
      instance.interceptors.request.use((config) => {
        config.headers.Authorization = `Bearer ${token}`;
        return config;
      });
      createAuthRefresh(instance, async (failed) => {
        ({ access_token: token } = await tokenOf(target));
        failed.response.config.headers.Authorization = `Bearer ${token}`;
      });
      return { request: (config) => instance.request(config) };
    },
  },
  {
    name: 'simple-oauth2',
    role: 'peer',
    create: async (target) => {
      const client = new ClientCredentials({
        client: { id: target.client ?? ID, secret: SECRET },
        auth: { tokenHost: target.url, tokenPath: '/o/token/' },
      });
      let accessToken;
      const instance = instanceOf(target);
      const fetchToken = async () =>
        target.adapter ? client.createToken(await tokenOf(target)) : client.getToken({ scope: SCOPE });
      return {
        request: async (config) => {
          if (accessToken === undefined || accessToken.expired(60)) accessToken = await fetchToken();
          const Authorization = `Bearer ${accessToken.token.access_token}`;
          return instance.request({ ...config, headers: { ...config.headers, Authorization } });
        },
      };
    },
  },
  {
    name: 'openid-client',
    role: 'peer',
    create: async (target) => {
      const configuration = new openid.Configuration(
        { issuer: target.url, token_endpoint: `${target.url}/o/token/` },
        target.client ?? ID,
        SECRET,
        openid.ClientSecretBasic(SECRET),
      );
      openid.allowInsecureRequests(configuration);
      const fetchToken = () =>
        target.adapter ? tokenOf(target) : openid.clientCredentialsGrant(configuration, { scope: SCOPE });
      const manager = new DocumentedTokenManager(fetchToken);
      const instance = instanceOf(target);
      return {
        request: async (config) =>
          instance.request({
            ...config,
            headers: { ...config.headers, Authorization: `Bearer ${await manager.getToken()}` },
          }),
      };
    },
  },
  {
    name: '@badgateway/oauth2-client',
    role: 'peer',
    /** This client uses its own fetch, so no axios adapter can replace the network. */
    needsNetwork: true,
    create: async (target) => {
      const client = new OAuth2Client({
        server: target.url,
        clientId: target.client ?? ID,
        clientSecret: SECRET,
        tokenEndpoint: '/o/token/',
      });
      const wrapper = new OAuth2Fetch({
        client,
        scheduleRefresh: false,
        getNewToken: () => client.clientCredentials({ scope: SCOPE.split(' ') }),
      });
      return {
        request: async ({ url = '/', method = 'GET', headers, data }) => {
          const response = await wrapper.fetch(`${target.url}${url}`, {
            method,
            headers: { ...headers, ...(data ? { 'content-type': 'application/json' } : {}) },
            ...(data ? { body: JSON.stringify(data) } : {}),
          });
          const body = await response.json();
          if (!response.ok) throw new Error(`HTTP ${response.status}`);
          return { status: response.status, data: body };
        },
      };
    },
  },
];

export const OURS = 'nestjs-payments-auth';
export const FLOOR = 'bare axios, no header';

/** The pool is bounded, so that ten thousand calls at once do not open ten thousand sockets. */
export function keepAliveAgent() {
  return new Agent({ keepAlive: true, maxSockets: 128 });
}
