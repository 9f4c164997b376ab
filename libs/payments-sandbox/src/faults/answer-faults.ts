import { html as page, json } from '../core/reply.js';
import type { EffectOf } from './fault-effect.js';

export const rateLimit: EffectOf<'rate-limit'> = ({ retryAfter = 1 }) => ({
  instead: (_exchange, target) => {
    const reply = target.rateLimited(String(retryAfter ?? 1));
    if (retryAfter !== null) return reply;
    const { 'retry-after': _left, ...headers } = reply.headers ?? {};
    return { ...reply, headers };
  },
});

export const serverError: EffectOf<'server-error'> = ({ status = 503, retryAfter }) => ({
  instead: (_exchange, target) => {
    const reply = target.error(status, 'Service unavailable');
    return retryAfter === undefined
      ? reply
      : { ...reply, headers: { ...reply.headers, 'retry-after': String(retryAfter) } };
  },
});

export const garbage: EffectOf<'garbage'> = () => ({
  instead: () => json(200, Buffer.from('{"token": \u0000\u0001 not JSON ]]}', 'latin1')),
});

export const html: EffectOf<'html'> = ({ status = 403 }) => ({
  instead: () => page(status, `${status} Request blocked`),
});

export const errorIn2xx: EffectOf<'error-in-2xx'> = () => ({
  instead: (_exchange, target) => target.error(200, 'Service temporarily unavailable'),
});

export const noContent: EffectOf<'no-content'> = () => ({ instead: () => ({ status: 204 }) });

export const wrongContentType: EffectOf<'wrong-content-type'> = ({ contentType = 'text/plain' }) => ({
  change: (reply) => ({ ...reply, headers: { ...reply.headers, 'content-type': contentType } }),
});

export const redirect: EffectOf<'redirect'> = ({ status = 302, to = 'same-origin' }) => ({
  instead: (exchange, target) => ({ status, headers: { location: target.redirectTarget(to, exchange) } }),
});
