import { adyen } from './adyen.js';
import { airtelMoney } from './airtel-money.js';
import { airwallex } from './airwallex.js';
import { azampay } from './azampay.js';
import { cashfree } from './cashfree.js';
import { chapa } from './chapa.js';
import { checkout, checkoutOauth } from './checkout.js';
import { daraja } from './daraja.js';
import { fedapay } from './fedapay.js';
import { flutterwaveV4 } from './flutterwave-v4.js';
import { flutterwave } from './flutterwave.js';
import { interswitch } from './interswitch.js';
import { klarna } from './klarna.js';
import { kopokopo } from './kopokopo.js';
import { mercadopago, mercadopagoOauth } from './mercadopago.js';
import { mollie, mollieOauth } from './mollie.js';
import { momoCollection, momoDisbursement, momoRemittance } from './momo.js';
import { monnify } from './monnify.js';
import { nomba } from './nomba.js';
import { orangeMoney } from './orange-money.js';
import { pawapay } from './pawapay.js';
import { paymob } from './paymob.js';
import { paystack } from './paystack.js';
import { peachPayments } from './peach-payments.js';
import { phonepe } from './phonepe.js';
import { razorpay } from './razorpay.js';
import { selcom } from './selcom.js';
import { squad } from './squad.js';
import { square, squareOauth } from './square.js';
import { stripe } from './stripe.js';
import { vippsMobilepay } from './vipps-mobilepay.js';
import { wave } from './wave.js';
import { xendit } from './xendit.js';

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
  stripe,
  razorpay,
  adyen,
  square,
  'square-oauth': squareOauth,
  mollie,
  'mollie-oauth': mollieOauth,
  checkout,
  'checkout-oauth': checkoutOauth,
  cashfree,
  phonepe,
  klarna,
  xendit,
  airwallex,
  mercadopago,
  'mercadopago-oauth': mercadopagoOauth,
  'vipps-mobilepay': vippsMobilepay,
} as const;
