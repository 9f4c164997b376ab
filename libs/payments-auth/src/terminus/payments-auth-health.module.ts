import { Module } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { PaymentsAuthHealthIndicator } from './payments-auth.health-indicator.js';

/**
 * Brings {@link PaymentsAuthHealthIndicator}: import it beside the application's own `TerminusModule`, whose settings it
 * leaves alone.
 */
@Module({
  providers: [PaymentsAuthHealthIndicator, HealthIndicatorService],
  exports: [PaymentsAuthHealthIndicator],
})
export class PaymentsAuthHealthModule {}
