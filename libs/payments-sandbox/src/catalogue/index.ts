import { daraja } from './daraja.js';
import { flutterwaveV4 } from './flutterwave-v4.js';
import { paystack } from './paystack.js';
import { selcom } from './selcom.js';

/** The providers of the catalogue, which start only when they are named. */
export const CATALOGUE = {
  paystack,
  'flutterwave-v4': flutterwaveV4,
  daraja,
  selcom,
} as const;
