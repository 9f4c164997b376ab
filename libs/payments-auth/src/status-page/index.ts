export {
  PaymentsAuthStatusPageModule,
  type PaymentsAuthStatusPageOptions,
} from './payments-auth-status-page.module.js';
export { PaymentsAuthStatusPage } from './payments-auth-status-page.service.js';
export type { Trouble } from './trouble.js';
export type { Life, Mark, MarkKind, Rates, Span } from './timeline.js';
export type {
  StatusPageFilter,
  StatusPageRow,
  StatusPageSnapshot,
  StatusPageTotals,
  StatusPageTrouble,
  StatusPageTroublesBeside,
  StoreLost,
  WebhookTrouble,
} from './status-page-snapshot.js';
