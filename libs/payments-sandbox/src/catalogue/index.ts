import { adyen } from './adyen.js';
import { airtelMoney } from './airtel-money.js';
import { airwallex } from './airwallex.js';
import { azampay } from './azampay.js';
import { cashfree } from './cashfree.js';
import { chapa } from './chapa.js';
import { checkout, checkoutOauth } from './checkout.js';
import { coinbaseCdp } from './coinbase-cdp.js';
import { daraja } from './daraja.js';
import { dlocal } from './dlocal.js';
import { fedapay } from './fedapay.js';
import { flutterwaveV4 } from './flutterwave-v4.js';
import { flutterwave } from './flutterwave.js';
import { gocardless } from './gocardless.js';
import { interswitch } from './interswitch.js';
import { iyzico } from './iyzico.js';
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
import { paypal } from './paypal.js';
import { paystack } from './paystack.js';
import { peachPayments } from './peach-payments.js';
import { phonepe } from './phonepe.js';
import { rapyd } from './rapyd.js';
import { razorpay } from './razorpay.js';
import { revolutBusiness } from './revolut-business.js';
import { selcom } from './selcom.js';
import { squad } from './squad.js';
import { square, squareOauth } from './square.js';
import { stripe } from './stripe.js';
import { truelayer } from './truelayer.js';
import { vippsMobilepay } from './vipps-mobilepay.js';
import { wave } from './wave.js';
import { wise, wiseOauth } from './wise.js';
import { worldline } from './worldline.js';
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
  paypal,
  razorpay,
  adyen,
  square,
  'square-oauth': squareOauth,
  mollie,
  'mollie-oauth': mollieOauth,
  checkout,
  'checkout-oauth': checkoutOauth,
  gocardless,
  cashfree,
  phonepe,
  klarna,
  xendit,
  airwallex,
  mercadopago,
  'mercadopago-oauth': mercadopagoOauth,
  wise,
  'wise-oauth': wiseOauth,
  'vipps-mobilepay': vippsMobilepay,
  'coinbase-cdp': coinbaseCdp,
  dlocal,
  rapyd,
  iyzico,
  worldline,
  truelayer,
  'revolut-business': revolutBusiness,
} as const;
