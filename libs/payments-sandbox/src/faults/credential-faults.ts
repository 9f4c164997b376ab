import type { Exchange } from '../core/exchange.js';
import { type Envelope, inEnvelope } from '../core/refusal-envelope.js';
import type { Reply } from '../core/reply.js';
import type { EffectOf, FaultTarget } from './fault-effect.js';
import type { MalformedToken } from './fault.js';

export const refuse: EffectOf<'refuse'> = ({ envelope = 'own' }) => ({
  instead: (exchange, target) => refusal(envelope, exchange, target),
});

export const executeThenRefuse: EffectOf<'execute-then-refuse'> = ({ envelope = 'own' }) => ({
  change: (_reply, exchange, target) => refusal(envelope, exchange, target),
});

export const forbid: EffectOf<'forbid'> = () => ({
  instead: (exchange, target) => {
    exchange.outcome = 'declined';
    return target.forbidden();
  },
});

export const expireToken: EffectOf<'expire-token'> = () => ({
  prepare: (exchange, target) => target.endCarriedToken(exchange, 'expire'),
});

export const revokeToken: EffectOf<'revoke-token'> = () => ({
  prepare: (exchange, target) => target.endCarriedToken(exchange, 'revoke'),
});

export const rotateKey: EffectOf<'rotate-key'> = () => ({
  prepare: (exchange, target) => target.rotateKey(exchange),
});

export const malformedToken: EffectOf<'malformed-token'> = ({ token }) => ({
  change: (reply, _exchange, target) => withField(reply, target.tokenFields?.token, MALFORMED[token]),
});

export const absurdExpiry: EffectOf<'absurd-expiry'> = ({ expiry }) => ({
  prepare: (exchange) => {
    exchange.statedExpiry = { value: expiry };
  },
  change: (reply, _exchange, target) => withField(reply, target.tokenFields?.expiry, expiry),
});

/** A field with the value `undefined` is not in the JSON. */
const MALFORMED: Readonly<Record<MalformedToken, unknown>> = {
  missing: undefined,
  null: null,
  empty: '',
  number: 12345,
  object: { value: 'sandbox' },
  array: ['sandbox'],
  long: 'a'.repeat(1024 * 1024),
  'line-break': 'sandbox\r\nx-injected: yes',
  'control-character': 'sandbox\u0000token',
  'not-ascii': 'sandbox-tökén',
};

function refusal(envelope: Envelope, exchange: Exchange, target: FaultTarget): Reply {
  exchange.outcome = 'refused';
  return inEnvelope(envelope, () => target.refusal(exchange));
}

/** Changes a field of a successful token answer, and leaves every other answer alone. */
function withField(reply: Reply, field: string | undefined, value: unknown): Reply {
  const { body } = reply;
  if (field === undefined) return reply;
  return { ...reply, body: replaced(body, field.split('.'), value) };
}

function replaced(body: unknown, [field = '', ...below]: readonly string[], value: unknown): unknown {
  if (typeof body !== 'object' || body === null || !(field in body)) return body;
  const inner = (body as Readonly<Record<string, unknown>>)[field];
  return { ...body, [field]: below.length === 0 ? value : replaced(inner, below, value) };
}
