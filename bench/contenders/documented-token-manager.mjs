/**
 * The class that providers' documents show, in our own code: it keeps a token and its end, and renews it a minute early. As in
 * the documents, callers share no request, so every caller that finds no token logs in.
 */
export class DocumentedTokenManager {
  #token;
  #endsAtMs = 0;

  constructor(fetchToken) {
    this.fetchToken = fetchToken;
  }

  async getToken() {
    if (this.#token !== undefined && Date.now() < this.#endsAtMs - 60_000) return this.#token;
    const { access_token: token, expires_in: seconds } = await this.fetchToken();
    this.#token = token;
    this.#endsAtMs = Date.now() + seconds * 1_000;
    return token;
  }

  clearToken() {
    this.#token = undefined;
    this.#endsAtMs = 0;
  }
}
