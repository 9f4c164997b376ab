/** The providers whose tokens the fleet shares. */
export const FLEET_PROVIDERS = ['pesapal', 'clickpesa', 'wakapay', 'cryptofuse'] as const;

/** What one process of the fleet says of itself, several times a second. */
export interface WorkerReport {
  readonly calls: number;
  readonly failed: number;
  readonly problem?: string;
  readonly tokenRequests: Readonly<Record<string, number>>;
}
