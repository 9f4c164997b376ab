import type { FaultEffect, FaultTarget } from '../faults/fault-effect.js';
import { FaultPlan } from '../faults/fault-plan.js';
import type { Account, Credentials, KeyVersion } from './account.js';
import type { Exchange } from './exchange.js';
import type { Bearer, ProviderBehaviour, Resource } from './provider-behaviour.js';
import type { ProviderContext } from './provider-context.js';
import { RateLimits } from './rate-limits.js';
import { headerOf, jsonObjectOf, type ReceivedRequest } from './received-request.js';
import { inEnvelope } from './refusal-envelope.js';
import type { Delivery, Reply } from './reply.js';
import type { SeededRandom } from './seeded-random.js';
import { sharedResources } from './shared-resources.js';
import { Traffic } from './traffic.js';

/** An answer, and how it is sent. */
export interface Answer {
  readonly reply: Reply;
  readonly delivery: Delivery;
  /** Has to be called when the answer was sent, or when it can no longer be sent. */
  readonly done: () => void;
}

interface Found<C extends Credentials> {
  readonly resource: Resource<C>;
  readonly groups: Readonly<Record<string, string>>;
}

/** Answers requests as one provider does, with the faults that are planned. */
export class ProviderEngine<C extends Credentials> {
  readonly faults: FaultPlan;
  readonly traffic: Traffic;
  readonly limits: RateLimits;
  readonly #resources: readonly Resource<C>[];
  readonly #target: FaultTarget;
  readonly #nodes: SeededRandom;

  constructor(
    private readonly behaviour: ProviderBehaviour<C>,
    private readonly context: ProviderContext<C>,
    options: {
      readonly random: SeededRandom;
      readonly logSize: number;
      readonly redirectTarget: FaultTarget['redirectTarget'];
    },
  ) {
    this.faults = new FaultPlan(options.random.fork('faults'));
    this.#nodes = options.random.fork('nodes');
    this.traffic = new Traffic(behaviour, options.logSize);
    this.limits = new RateLimits(behaviour.limits);
    this.#resources = [...behaviour.resources, ...sharedResources<C>()];
    this.#target = {
      tokenFields: behaviour.tokenFields,
      refusal: ({ request }) => behaviour.refusal(context.settings.refusalStatus, request),
      forbidden: () => behaviour.forbidden?.() ?? behaviour.error(403, 'This credential may not do this'),
      error: (status, message) => behaviour.error(status, message),
      rateLimited: (retryAfter) => behaviour.rateLimited(retryAfter),
      endCarriedToken: ({ request }, how) => context.tokens.endOne(carriedToken(request), how),
      rotateKey: (exchange) => this.#rotateKey(exchange),
      redirectTarget: options.redirectTarget,
    };
  }

  answer(request: ReceivedRequest): Answer {
    const exchange: Exchange = { kind: this.#kindOf(request), request, outcome: 'failed', executed: false };
    const done = this.traffic.arrived(exchange);
    const striking = this.faults.strike(exchange.kind, request, () => this.#whose(exchange));
    const effects = striking.map(({ effect }) => effect);
    for (const effect of effects) effect.prepare?.(exchange, this.#target);
    const reply = this.#dated(this.#changed(this.#reply(exchange, effects), exchange, effects), exchange);
    const delivery = Object.assign({}, ...effects.map((effect) => effect.delivery)) as Delivery;
    const isSent = delivery.hang !== true && delivery.drop !== 'before-answer';
    this.traffic.answered(exchange, {
      faults: striking.map(({ name }) => name),
      atMs: this.context.nowMs,
      ...(isSent ? { status: reply.status } : {}),
    });
    return { reply, delivery, done };
  }

  #kindOf(request: ReceivedRequest): Exchange['kind'] {
    const { tokenEndpoint: token, revocationEndpoint: revocation } = this.behaviour;
    const isAt = (endpoint: typeof token) =>
      request.path === endpoint?.path && (endpoint?.host ?? request.host) === request.host;
    if (isAt(revocation) && (!isAt(token) || request.method === revocation?.method)) return 'revocation';
    return isAt(token) ? 'token' : 'call';
  }

  #reply(exchange: Exchange, effects: readonly FaultEffect[]): Reply {
    for (const effect of effects)
      if (effect.instead !== undefined) return effect.instead(exchange, this.#target);
    const { kind, request } = exchange;
    if (request.path === undefined)
      return this.behaviour.missedBase?.() ?? this.behaviour.error(404, 'Not found');
    if (kind === 'call') return this.#call(exchange, request);
    const endpoint = kind === 'token' ? this.behaviour.tokenEndpoint : this.behaviour.revocationEndpoint;
    exchange.outcome = 'refused';
    if (request.method !== (endpoint?.method ?? 'POST'))
      return this.behaviour.error(405, 'Method not allowed');
    return (
      this.#limited(exchange) ?? endpoint?.answer(exchange, this.context) ?? this.#target.refusal(exchange)
    );
  }

  #call(exchange: Exchange, request: ReceivedRequest): Reply {
    const found = this.#find(request);
    if (found?.resource.isPublic === true) return this.#answered(exchange, found, undefined);
    const bearer = this.behaviour.bearerOf(request, this.context);
    if (bearer !== undefined) exchange.account = bearer.account as unknown as Account;
    const limited = this.#limited(exchange);
    if (limited !== undefined) return limited;
    if (bearer === undefined || bearer.account.suspended || !this.#isKnown(bearer)) {
      exchange.outcome = 'refused';
      return inEnvelope(this.context.settings.refusalEnvelope, () => this.#target.refusal(exchange));
    }
    exchange.outcome = 'declined';
    const forbidden = this.behaviour.forbids?.(request, bearer);
    if (forbidden !== undefined) return forbidden;
    return found === undefined
      ? (this.behaviour.noSuchPath?.() ?? this.behaviour.error(404, 'Not found'))
      : this.#answered(exchange, found, bearer);
  }

  #answered(exchange: Exchange, { resource, groups }: Found<C>, bearer: Bearer<C> | undefined): Reply {
    const { request } = exchange;
    // A public page belongs to no merchant: it is answered for the sandbox's first account.
    const whose = bearer ?? { account: this.context.accounts.all()[0] as Account<C>, scopes: [] };
    const reply = resource.answer({
      ...whose,
      request,
      body: jsonObjectOf(request),
      groups,
      context: this.context,
    });
    if (reply.status >= 400) return reply;
    exchange.outcome = 'accepted';
    exchange.executed = true;
    return reply;
  }

  /** Whether the server that got the call already knows the credential. */
  #isKnown({ account, issuedAtMs = 0, key }: Bearer<C>): boolean {
    const { tokensRefusedForMs, nodesDisagreeForMs } = this.context.settings;
    const newest = account.versions[0] as KeyVersion<C>;
    const ageMs = this.context.nowMs - (key === undefined ? issuedAtMs : newest.worksFromMs);
    if (key === undefined && ageMs < tokensRefusedForMs) return false;
    if (nodesDisagreeForMs === 0 || (key !== undefined && account.versions.length === 1)) return true;
    if (nodesDisagreeForMs !== 'always' && ageMs >= nodesDisagreeForMs) return true;
    const isFirstServer = this.#nodes.integer(2) === 0;
    return isFirstServer === (key === undefined || key === newest);
  }

  #find(request: ReceivedRequest): Found<C> | undefined {
    const path = request.path ?? '';
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    for (const resource of this.#resources) {
      if (resource.method !== method) continue;
      if (resource.host !== undefined && resource.host !== request.host) continue;
      if (typeof resource.path === 'string') {
        if (resource.path === path) return { resource, groups: {} };
        continue;
      }
      const match = resource.path.exec(path);
      if (match !== null) return { resource, groups: match.groups ?? {} };
    }
    return undefined;
  }

  #limited(exchange: Exchange): Reply | undefined {
    const { rateLimits } = this.context.settings;
    const scale = rateLimits === false ? undefined : rateLimits === true ? 1 : rateLimits;
    const { request, account, kind } = exchange;
    const who = {
      ip: request.remoteAddress,
      account: account?.id ?? this.#claimedAccount(request),
      token: account === undefined ? undefined : carriedToken(request) || undefined,
    };
    const taken = this.limits.take(kind, who, this.context.nowMs, scale);
    exchange.rateLimit = taken.reported;
    if (taken.exceeded === undefined) return undefined;
    exchange.outcome = 'limited';
    const waitMs = taken.exceeded.resetAtMs - this.context.nowMs;
    return this.behaviour.rateLimited(String(Math.max(1, Math.ceil(waitMs / 1_000))));
  }

  /** The account that a login names, before its secret is checked. */
  #claimedAccount(request: ReceivedRequest): string | undefined {
    return this.context.accounts.claimedBy(this.behaviour.claims?.(request) ?? '')?.id;
  }

  /** The account that a request belongs to or names. A token that has ended still has an account. */
  #whose({ kind, request }: Exchange): string | undefined {
    if (kind !== 'call') return this.#claimedAccount(request);
    const bearer = this.behaviour.bearerOf(request, this.context);
    return (bearer?.account ?? this.context.tokens.ownerOf(carriedToken(request)))?.id;
  }

  #changed(reply: Reply, exchange: Exchange, effects: readonly FaultEffect[]): Reply {
    return effects.reduce(
      (changed, effect) => effect.change?.(changed, exchange, this.#target) ?? changed,
      reply,
    );
  }

  /** Adds the headers that every answer has: the time by the provider's clock, and its rate limit. */
  #dated(reply: Reply, { rateLimit: limit }: Exchange): Reply {
    const headers: Record<string, string> = { date: new Date(this.context.providerNowMs).toUTCString() };
    if (limit !== undefined) {
      headers['x-ratelimit-limit'] = String(limit.limit);
      headers['x-ratelimit-remaining'] = String(limit.remaining);
      const sinceMs = limit.reportsTimeLeft === true ? this.context.nowMs : 0;
      headers['x-ratelimit-reset'] = String(Math.ceil((limit.resetAtMs - sinceMs) / 1_000));
    }
    return { ...reply, headers: { ...headers, ...reply.headers } };
  }

  #rotateKey(exchange: Exchange): void {
    const bearer = this.behaviour.bearerOf(exchange.request, this.context);
    const account = bearer?.account ?? this.context.accounts.all()[0];
    if (account !== undefined) this.context.accounts.rotate(account.id, {});
  }
}

/** The token in `Authorization`, with or without a scheme before it. The empty string when there is none. */
function carriedToken(request: ReceivedRequest): string {
  return (headerOf(request, 'authorization') ?? '').replace(/^[A-Za-z-]+ /, '');
}
