/** jstat ships no types: what is used of it. */
declare module 'jstat' {
  interface Beta {
    /** The regularised incomplete beta function I_x(alpha, beta). */
    cdf(x: number, alpha: number, beta: number): number;
    /** The x for which cdf(x) is p. */
    inv(p: number, alpha: number, beta: number): number;
  }
  const jstat: { beta: Beta };
  export default jstat;
}
