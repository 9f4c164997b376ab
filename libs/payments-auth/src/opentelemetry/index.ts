export { PaymentsAuthOpenTelemetryModule } from './payments-auth-open-telemetry.module.js';
