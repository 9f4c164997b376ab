/**
 * The words that countries put between a company's name and their own two letters: `co.uk`, `com.au`, `or.tz`.
 * Anybody can buy a name below such a domain.
 */
const CATEGORIES = new Set(
  (
    'ac ad adv art asn asso biz co com coop ed edu ens fin firm gen go gob gouv gov govt gv id idv ind inf info ' +
    'int k12 law lg ltd ltda me med mil mod mus name ne net ngo nhs nic nom or org parliament plc police presse ' +
    'press pro prd pvt re res sc sch school soc store tm tur web'
  ).split(' '),
);

/** Domains below which anybody can get a name. Such names are sold, or a hosting company gives one to each customer. */
const SHARED = new Set(
  (
    'ae.org br.com cn.com co.com de.com eu.com eu.org gb.net gr.com hu.net in.net jp.net jpn.com mex.com ru.com ' +
    'sa.com se.net uk.com uk.net us.com us.org za.com ' +
    'amazonaws.com appspot.com azurewebsites.net azure-api.net cloudfront.net firebaseapp.com fly.dev github.io ' +
    'gitlab.io herokuapp.com netlify.app ngrok.app ngrok-free.app ngrok.io onrender.com pages.dev run.app ' +
    'trycloudflare.com vercel.app web.app workers.dev'
  ).split(' '),
);

/**
 * Whether anybody can register names below `domain`, so that they have different owners. The complete list
 * (publicsuffix.org) changes every week. This is the part of it that a provider's host may be confused with.
 */
export function isSharedDomain(domain: string): boolean {
  const labels = domain.toLowerCase().split('.');
  if (labels.length < 2) return true;
  const [second = '', top = ''] = labels.slice(-2);
  if (labels.length > 2) return false;
  return SHARED.has(domain.toLowerCase()) || (top.length === 2 && CATEGORIES.has(second));
}
