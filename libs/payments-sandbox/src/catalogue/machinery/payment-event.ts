import type { SeededRandom } from '../../core/seeded-random.js';

/** A payment that succeeded, for providers whose documents show no such message. */
export const paymentEvent = (random: SeededRandom) => ({
  id: `evt_${random.text(12)}`,
  type: 'payment.succeeded',
  data: { reference: `ORD-${random.text(8)}`, amount: 100, status: 'succeeded' },
});
