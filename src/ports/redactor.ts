/** Masks what is secret, at the writer: values, their base64 and URL-encoded forms, and credentials in URLs. */
export interface Redactor {
  /** From now on these values are masked wherever they appear. Values under 4 characters can not be told from text and are left. */
  learn(values: Iterable<string>): void;
  redact(text: string): string;
}
