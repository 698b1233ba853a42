/** jstat ships no types: what is used of it. */
declare module 'jstat' {
  interface Beta {
    /** The regularised incomplete beta function I_x(alpha, beta). */
    cdf(x: number, alpha: number, beta: number): number;
    /** The x for which cdf(x) is p. */
    inv(p: number, alpha: number, beta: number): number;
  }
  interface Gamma {
    /** The x for which the distribution function of shape and scale is p. */
    inv(p: number, shape: number, scale: number): number;
  }
  interface StudentT {
    /** The x for which the distribution function of so many degrees of freedom is p. */
    inv(p: number, degreesOfFreedom: number): number;
  }
  /** The natural logarithm of the gamma function. */
  const jstat: { beta: Beta; gamma: Gamma; studentt: StudentT; gammaln(x: number): number };
  export default jstat;
}
