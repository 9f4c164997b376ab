import { Module } from '@nestjs/common';
import { PaymentsAuthTelemetry } from './payments-auth-telemetry.service.js';

/**
 * Metrics and traces for `PaymentsAuthModule`: import it beside that module. It records to the meter and tracer
 * providers that the application has registered with `@opentelemetry/api`, and costs nothing where there are none.
 */
@Module({ providers: [PaymentsAuthTelemetry] })
export class PaymentsAuthOpenTelemetryModule {}
