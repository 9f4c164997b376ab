/** The providers whose tokens the fleet shares. */
export const FLEET_PROVIDERS = ['pesapal', 'clickpesa', 'wakapay', 'cryptofuse'] as const;

/** The report of one process of the fleet, which comes several times a second. */
export interface WorkerReport {
  readonly calls: number;
  readonly failed: number;
  readonly problem?: string;
  readonly tokenRequests: Readonly<Record<string, number>>;
}
