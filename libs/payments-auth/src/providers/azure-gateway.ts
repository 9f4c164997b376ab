import type { ApiAnswer } from '../strategies/strategy.js';
import { says } from './answers-in-words.js';

/**
 * The 401 of an Azure API Management gateway for a wrong subscription key. A new token does not help.
 *
 * @see https://learn.microsoft.com/azure/api-management/api-management-subscriptions
 */
export function isWrongSubscriptionKey(answer: ApiAnswer): boolean {
  return answer.status === 401 && says(answer, 'message', 'subscription key');
}
