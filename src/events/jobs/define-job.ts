/** Slow work that a mutation leaves behind. */
export interface JobDefinition {
  readonly name: string;
}
