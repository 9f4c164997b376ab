import { airtelMoney } from './airtel-money.provider.js';
import { pawapay } from './pawapay.provider.js';
import { selcom } from './selcom.provider.js';
import { stripe } from './stripe.provider.js';
import { paypal } from './paypal.provider.js';
import { razorpay } from './razorpay.provider.js';
import { adyen } from './adyen.provider.js';
import { gocardless } from './gocardless.provider.js';
import { cashfree } from './cashfree.provider.js';
import { phonepe } from './phonepe.provider.js';
import { klarna } from './klarna.provider.js';
import { xendit } from './xendit.provider.js';
import { airwallex } from './airwallex.provider.js';
import { vippsMobilepay } from './vipps-mobilepay.provider.js';
import { coinbaseCdp } from './coinbase-cdp.provider.js';
import { dlocal } from './dlocal.provider.js';
import { rapyd } from './rapyd.provider.js';
import { iyzico } from './iyzico.provider.js';
import { worldline } from './worldline.provider.js';
import { truelayer } from './truelayer.provider.js';
import { revolutBusiness } from './revolut-business.provider.js';
import { checkout, checkoutOauth } from './checkout.provider.js';
import { wise, wiseOauth } from './wise.provider.js';
import { square, squareOauth } from './square.provider.js';
import { mollie, mollieOauth } from './mollie.provider.js';
import { mercadopago, mercadopagoOauth } from './mercadopago.provider.js';
import { paystack } from './paystack.provider.js';
import { flutterwave } from './flutterwave.provider.js';
import { flutterwaveV4 } from './flutterwave-v4.provider.js';
import { daraja } from './daraja.provider.js';
import { monnify } from './monnify.provider.js';
import { interswitch } from './interswitch.provider.js';
import { nomba } from './nomba.provider.js';
import { squad } from './squad.provider.js';
import { paymob } from './paymob.provider.js';
import { azampay } from './azampay.provider.js';
import { orangeMoney } from './orange-money.provider.js';
import { kopokopo } from './kopokopo.provider.js';
import { peachPayments } from './peach-payments.provider.js';
import { fedapay } from './fedapay.provider.js';
import { wave } from './wave.provider.js';
import { chapa } from './chapa.provider.js';
import { momoCollection, momoDisbursement, momoRemittance } from './momo.provider.js';
import { cashfin } from './cashfin.provider.js';
import { clickpesa } from './clickpesa.provider.js';
import { cryptofuse } from './cryptofuse.provider.js';
import { kashier } from './kashier.provider.js';
import { pesapal } from './pesapal.provider.js';
import type { ProviderDefinition } from './provider-definition.js';
import { wakapay } from './wakapay.provider.js';

export { cashfin, type CashfinCredentials } from './cashfin.provider.js';
export { clickpesa, type ClickpesaCredentials } from './clickpesa.provider.js';
export { cryptofuse, type CryptofuseCredentials } from './cryptofuse.provider.js';
export { kashier, type KashierCredentials } from './kashier.provider.js';
export { pesapal, type PesapalCredentials } from './pesapal.provider.js';
export type { PaystackCredentials } from './paystack.provider.js';
export type { FlutterwaveCredentials } from './flutterwave.provider.js';
export type { FlutterwaveV4Credentials } from './flutterwave-v4.provider.js';
export type { DarajaCredentials } from './daraja.provider.js';
export type { MonnifyCredentials } from './monnify.provider.js';
export type { InterswitchCredentials } from './interswitch.provider.js';
export type { NombaCredentials } from './nomba.provider.js';
export type { SquadCredentials } from './squad.provider.js';
export type { PaymobCredentials } from './paymob.provider.js';
export type { AzampayCredentials } from './azampay.provider.js';
export type { OrangeMoneyCredentials } from './orange-money.provider.js';
export type { KopokopoCredentials } from './kopokopo.provider.js';
export type { PeachPaymentsCredentials } from './peach-payments.provider.js';
export type { FedapayCredentials } from './fedapay.provider.js';
export type { WaveCredentials } from './wave.provider.js';
export type { ChapaCredentials } from './chapa.provider.js';
export type { MomoCredentials } from './momo.provider.js';
export type { AirtelMoneyCredentials } from './airtel-money.provider.js';
export type { PawapayCredentials } from './pawapay.provider.js';
export type { SelcomCredentials } from './selcom.provider.js';
export type { StripeCredentials } from './stripe.provider.js';
export type { PaypalCredentials } from './paypal.provider.js';
export type { RazorpayCredentials } from './razorpay.provider.js';
export type { AdyenCredentials } from './adyen.provider.js';
export type { GocardlessCredentials } from './gocardless.provider.js';
export type { CashfreeCredentials } from './cashfree.provider.js';
export type { PhonepeCredentials } from './phonepe.provider.js';
export type { KlarnaCredentials } from './klarna.provider.js';
export type { XenditCredentials } from './xendit.provider.js';
export type { AirwallexCredentials } from './airwallex.provider.js';
export type { VippsMobilepayCredentials } from './vipps-mobilepay.provider.js';
export type { CoinbaseCdpCredentials } from './coinbase-cdp.provider.js';
export type { DlocalCredentials } from './dlocal.provider.js';
export type { RapydCredentials } from './rapyd.provider.js';
export type { IyzicoCredentials } from './iyzico.provider.js';
export type { WorldlineCredentials } from './worldline.provider.js';
export type { TruelayerCredentials } from './truelayer.provider.js';
export type { RevolutBusinessCredentials } from './revolut-business.provider.js';
export type { CheckoutCredentials, CheckoutOauthCredentials } from './checkout.provider.js';
export type { WiseCredentials, WiseOauthCredentials } from './wise.provider.js';
export type { SquareCredentials, SquareOauthCredentials } from './square.provider.js';
export type { MollieCredentials, MollieOauthCredentials } from './mollie.provider.js';
export type { MercadopagoCredentials, MercadopagoOauthCredentials } from './mercadopago.provider.js';
export { wakapay, type WakapayCredentials } from './wakapay.provider.js';

/**
 * The providers that are configured by their variables alone, where an application names no provider at all. A longer
 * list would be dangerous: another SDK may use the same variables for its own provider, and the application would log
 * in there as well.
 */
export const FOUND_BY_VARIABLES = [cashfin, kashier, pesapal, clickpesa, wakapay, cryptofuse] as const;

/**
 * Every provider that is built in. The option types, the injectables, the environment variables, the contract test
 * and the table in the README follow from this list. To add a provider, write its file and name it here.
 */
export const BUILT_IN_PROVIDERS = [
  ...FOUND_BY_VARIABLES,
  paystack,
  flutterwave,
  flutterwaveV4,
  daraja,
  monnify,
  interswitch,
  nomba,
  squad,
  paymob,
  azampay,
  orangeMoney,
  kopokopo,
  peachPayments,
  fedapay,
  wave,
  chapa,
  momoCollection,
  momoDisbursement,
  momoRemittance,
  airtelMoney,
  pawapay,
  selcom,
  stripe,
  paypal,
  razorpay,
  adyen,
  gocardless,
  cashfree,
  phonepe,
  klarna,
  xendit,
  airwallex,
  vippsMobilepay,
  coinbaseCdp,
  dlocal,
  rapyd,
  iyzico,
  worldline,
  truelayer,
  revolutBusiness,
  checkout,
  checkoutOauth,
  wise,
  wiseOauth,
  square,
  squareOauth,
  mollie,
  mollieOauth,
  mercadopago,
  mercadopagoOauth,
] as const;

type BuiltInProvider = (typeof BUILT_IN_PROVIDERS)[number];

/** `'cashfin' | 'kashier' | …` */
export type BuiltInProviderName = BuiltInProvider['name'];

/** The static credentials of a provider, by its definition. */
export type CredentialsOf<D> = D extends ProviderDefinition<infer C> ? C : never;

/** The names of a provider's environments, by its definition. */
export type EnvironmentsOf<D> = D extends { readonly environments: infer E } ? keyof E & string : string;

/** The definition of each built-in provider, by name. */
export type BuiltInDefinitions = { readonly [D in BuiltInProvider as D['name']]: D };

/** The static credentials of each built-in provider, by name. */
export type BuiltInCredentials = {
  readonly [D in BuiltInProvider as D['name']]: CredentialsOf<D>;
};
