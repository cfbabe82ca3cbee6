import { createSubschemaBuilder } from 'tailorbird';

export const builder = createSubschemaBuilder();
