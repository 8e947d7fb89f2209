/** connectionRateScope names the rate of a listener's new connections in the table of rates. Both planes. */
export function connectionRateScope(listener: string): string {
  return `new connections ${listener}`;
}
