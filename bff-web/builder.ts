import { createBffBuilder } from 'tailorbird';
import type { Graph } from './graph.generated.ts';

export const builder = createBffBuilder<Graph>();
