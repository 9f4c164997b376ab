import type { Reply } from '../core/reply.js';
import { bytesOf } from '../core/reply.js';
import type { EffectOf } from './fault-effect.js';

const NOTHING: Reply = { status: 503 };

export const slow: EffectOf<'slow'> = ({ delayMs }) => ({ delivery: { delayMs } });

export const drip: EffectOf<'drip'> = ({ intervalMs = 20 }) => ({ delivery: { dripMs: intervalMs } });

export const hang: EffectOf<'hang'> = () => ({ instead: () => NOTHING, delivery: { hang: true } });

export const drop: EffectOf<'drop'> = ({ when = 'before' }) => {
  if (when === 'mid-answer') return { delivery: { drop: 'mid-answer' } };
  const delivery = { drop: 'before-answer' } as const;
  return when === 'before' ? { instead: () => NOTHING, delivery } : { delivery };
};

export const endless: EffectOf<'endless'> = () => ({ delivery: { endless: true } });

export const huge: EffectOf<'huge'> = ({ bytes = 8 * 1024 * 1024 }) => ({
  change: (reply) => ({ ...reply, body: Buffer.concat([bytesOf(reply), Buffer.alloc(bytes, ' ')]) }),
});
