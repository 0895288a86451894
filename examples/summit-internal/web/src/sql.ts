/** A tagged template for SQL: what stands in `${…}` becomes a bound parameter, never text. */

export interface Statement {
  readonly text: string;
  readonly values: readonly Value[];
}

export type Value = string | number | boolean | Date | null;

export function sql(parts: TemplateStringsArray, ...values: Value[]): Statement {
  const text = parts.reduce((before, part, index) => `${before}$${index}${part}`);
  return { text, values };
}
