import { airtelMoney } from './airtel-money.js';
import { azampay } from './azampay.js';
import { chapa } from './chapa.js';
import { daraja } from './daraja.js';
import { fedapay } from './fedapay.js';
import { flutterwave } from './flutterwave.js';
import { flutterwaveV4 } from './flutterwave-v4.js';
import { interswitch } from './interswitch.js';
import { kopokopo } from './kopokopo.js';
import { momoCollection, momoDisbursement, momoRemittance } from './momo.js';
import { monnify } from './monnify.js';
import { nomba } from './nomba.js';
import { orangeMoney } from './orange-money.js';
import { pawapay } from './pawapay.js';
import { paymob } from './paymob.js';
import { paystack } from './paystack.js';
import { peachPayments } from './peach-payments.js';
import { selcom } from './selcom.js';
import { squad } from './squad.js';
import { wave } from './wave.js';

/** The providers of the catalogue, which start only when they are named. */
export const CATALOGUE = {
  paystack,
  flutterwave,
  'flutterwave-v4': flutterwaveV4,
  daraja,
  'momo-collection': momoCollection,
  'momo-disbursement': momoDisbursement,
  'momo-remittance': momoRemittance,
  'airtel-money': airtelMoney,
  monnify,
  'orange-money': orangeMoney,
  wave,
  fedapay,
  chapa,
  pawapay,
  'peach-payments': peachPayments,
  azampay,
  kopokopo,
  paymob,
  nomba,
  interswitch,
  squad,
  selcom,
} as const;
