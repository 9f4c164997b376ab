/** What a request is for: a login, giving a token back, or a call to the provider's API. */
export type ExchangeKind = 'token' | 'revocation' | 'call';
