/** Takes secrets out of text that leaves the harness: those that it was given by value, and what looks like one. */

export const REDACTED = '[redacted]';

/** A shorter one is a word that texts have anyway: taken out, it would shred them and hide nothing. */
export const LEAST_SECRET = 8;

/** Environment variables that hold a secret, by their names. */
const SECRET_VARIABLE =
  /TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|AUTHORIZATION/i;
/** Fields whose value is one, whatever it looks like. */
const SECRET_FIELD =
  /^(?:authorization|password|passwd|passphrase|token|(?:id|access|refresh|auth|bearer)[-_]?token|client[-_]?secret|client[-_]?key(?:[-_]?data)?|private[-_]?key|api[-_]?key|secret[-_]?access[-_]?key)$/i;

/** Each with what of the match stays. They never match a quote or a backslash: JSON stays JSON. */
const PATTERNS: readonly [RegExp, string][] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, REDACTED],
  // The same in base64, as a kubeconfig has it; a certificate is as long and is public, and goes with it.
  [/LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g, REDACTED],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [/\b(bearer|authorization: *basic) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi, `$1${REDACTED}@`],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|ASIA)[\w-]{10,}/g, REDACTED],
  [
    /\b((?:password|passwd|passphrase|token|client-key-data|client-secret|client_secret|api[-_]?key|secret_access_key) *[:=] *)[\w.~+/=-]{12,}/gi,
    `$1${REDACTED}`,
  ],
];

/** What every pattern and every such field has in it: most lines of a history have none of it. */
const HINT =
  /-----BEGIN|LS0tLS1CRUdJTi|eyJ|bearer|authorization|:\/\/|gh[pousr]_|github_pat_|glpat-|xox|AKIA|ASIA|passw|passphrase|token|secret|key/i;

export class Redactor {
  /** The longest first: one may be part of another. */
  #secrets: string[] = [];

  /** Takes this text out from now on, as it is and in base64. One too short to be told from a word is left alone. */
  learn(secret: string | undefined): void {
    for (const text of secret === undefined ? [] : formsOf(secret)) {
      if (text.length >= LEAST_SECRET && !this.#secrets.includes(text)) this.#secrets.push(text);
    }
    this.#secrets.sort((a, b) => b.length - a.length);
  }

  /** The values of those variables whose names say that they are secret. A path only leads to one. */
  learnEnvironment(env: NodeJS.ProcessEnv): void {
    for (const [name, value] of Object.entries(env)) {
      if (SECRET_VARIABLE.test(name) && !value?.startsWith('/')) this.learn(value);
    }
  }

  text(text: string): string {
    if (!this.#suspects(text)) return text;
    let out = text;
    for (const secret of this.#secrets) if (out.includes(secret)) out = out.replaceAll(secret, REDACTED);
    for (const [pattern, stays] of PATTERNS) out = out.replace(pattern, stays);
    return out;
  }

  /** JSON of a value, without its secrets: in strings, in names, and the whole of fields that are called like one. */
  json(value: unknown): string {
    const plain = JSON.stringify(value);
    if (plain === undefined || !this.#suspects(plain)) return plain;
    const text = JSON.stringify(value, (name, held: unknown) => {
      if (typeof held !== 'string') return held;
      return SECRET_FIELD.test(name) && held !== '' ? REDACTED : this.text(held);
    });
    // What is left are names; whatever these have in them is no quote of JSON’s.
    return this.text(text);
  }

  #suspects(text: string): boolean {
    return HINT.test(text) || this.#secrets.some((secret) => text.includes(secret));
  }
}

function formsOf(secret: string): string[] {
  const whole = secret.trim();
  return [
    whole,
    Buffer.from(whole).toString('base64'),
    JSON.stringify(whole).slice(1, -1),
    encodeURIComponent(whole),
  ];
}
