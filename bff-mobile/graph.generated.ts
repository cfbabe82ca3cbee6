// Generated from the stitched graph by `npm run codegen`. Do not edit.

// biome-ignore lint: placeholder until the first run
export type Graph = Record<string, never>;
