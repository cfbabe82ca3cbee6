import fs from 'node:fs';
import { registerHooks } from 'node:module';

// Makes this Node pass for one that is too old: by its version, and by what `node:fs` lacks there.
Object.defineProperty(process, 'version', { value: 'v20.20.2' });
const names = Object.keys(fs).filter((name) => !name.startsWith('glob'));
const older = `import fs from 'node:fs'; export default fs; export const { ${names} } = fs;`;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:fs' && !context.parentURL?.startsWith('data:')
      ? { url: `data:text/javascript,${encodeURIComponent(older)}`, shortCircuit: true }
      : next(specifier, context),
});
