import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { VerifiedDelivery, VerifiedWebhook, type WebhookDelivery } from 'nestjs-payments-auth';
import { WebhookLog } from './webhook-log.js';

/** Receives the webhooks of the providers. The guard lets only genuine messages through. Each handler is three lines. */
@Controller('webhooks')
export class WebhooksController {
  constructor(private readonly log: WebhookLog) {}

  @Post('cashfin')
  @HttpCode(200)
  @VerifiedWebhook('cashfin')
  cashfin(@VerifiedDelivery() delivery: WebhookDelivery): void {
    this.log.handled(delivery);
  }

  @Post('kashier')
  @HttpCode(200)
  @VerifiedWebhook('kashier')
  kashier(@VerifiedDelivery() delivery: WebhookDelivery): void {
    this.log.handled(delivery);
  }

  @Post('clickpesa')
  @HttpCode(200)
  @VerifiedWebhook('clickpesa')
  clickpesa(@VerifiedDelivery() delivery: WebhookDelivery): void {
    this.log.handled(delivery);
  }

  @Post('wakapay')
  @HttpCode(200)
  @VerifiedWebhook('wakapay', { proof: 'sender' })
  wakapay(@VerifiedDelivery() delivery: WebhookDelivery): void {
    this.log.handled(delivery);
  }

  /** This message is not signed. Use it only to ask PesaPal for the status. */
  @Get('pesapal')
  @VerifiedWebhook('pesapal', { proof: 'nothing' })
  pesapal(@VerifiedDelivery() delivery: WebhookDelivery): void {
    this.log.handled(delivery);
  }
}
