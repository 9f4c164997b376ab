import type { SeededRandom } from '../../core/seeded-random.js';

/** A payment that went well, for providers whose documents show no message that matters here. */
export const paymentEvent = (random: SeededRandom) => ({
  id: `evt_${random.text(12)}`,
  type: 'payment.succeeded',
  data: { reference: `ORD-${random.text(8)}`, amount: 100, status: 'succeeded' },
});
