/** The running sandbox, for the code that controls it. */
export const SANDBOX = 'DEMO:SANDBOX';

/** The six providers' own accounts, and the merchants of one of them. */
export const EVERY_ACTION = 'DEMO:EVERY_ACTION';
