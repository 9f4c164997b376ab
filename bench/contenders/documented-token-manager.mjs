/**
 * The class that providers' documents show, written by us: a token, when it ends, and a minute's margin. Written as it is
 * there: without a shared request, so that every caller who finds no token logs in.
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
