import { count, shortened } from './format.js';

/** Where a key's value came from, nearest first. The last ones had to be asked for. */
const sources = [
  { name: 'repeated', says: 'asked for before, in this operation' },
  { name: 'fresh', says: 'in memory' },
  { name: 'stale', says: 'in memory, refreshed behind the answer' },
  { name: 'stored', says: 'in the shared store' },
  { name: 'joined', says: 'on its way for another operation' },
  { name: 'asked', says: 'asked of the backend' },
];

/** All keys that were loaded, and how many of them needed no call of this operation. */
export function sourcesOf(batches) {
  const keys = batches.reduce((sum, batch) => sum + batch.keys, 0);
  return { keys, kept: batches.reduce((sum, batch) => sum + batch.keys - batch.asked, 0) };
}

/** For each batch, how many of its keys came from where. */
export function Batches({ batches }) {
  if (batches.length === 0) return null;
  const used = sources.filter(({ name }) => batches.some((batch) => batch[name] > 0));
  return (
    <section className="waterfall-batches" aria-label="Batches and caches">
      <h3>Batches and caches</h3>
      <ul>
        {batches.map((batch, index) => (
          <li key={index}>
            <span className="waterfall-label">
              <span className="waterfall-what" title={batch.batch}>
                <b>{batch.backend}</b> <code>{nameOf(batch)}</code>
              </span>
              <span className="waterfall-took">{hits(batch)}</span>
            </span>
            <span className="waterfall-split">
              {sources.map(({ name, says }) =>
                batch[name] > 0 ? (
                  <span
                    key={name}
                    className={`from-${name}`}
                    style={{ flexGrow: batch[name] }}
                    title={`${count(batch[name], 'key')} ${says}`}
                  />
                ) : null,
              )}
            </span>
            {batch.insteadOfError > 0 && (
              <span className="waterfall-badges">
                <span className="is-warning">
                  {count(batch.insteadOfError, 'old value')} in place of a failure
                </span>
              </span>
            )}
          </li>
        ))}
      </ul>
      <p className="waterfall-legend">
        {used.map(({ name, says }) => (
          <span key={name}>
            <i className={`from-${name}`} /> {says}
          </span>
        ))}
      </p>
    </section>
  );
}

/** A batch without a name of its own is called by its backend and its operation. */
function nameOf({ backend, batch }) {
  return batch.startsWith(backend) ? shortened(batch.slice(backend.length + 1)) : batch;
}

function hits({ keys, asked }) {
  if (asked === 0) return `all ${count(keys, 'key')} at hand`;
  return asked === keys ? count(keys, 'key') : `${keys - asked} of ${count(keys, 'key')} at hand`;
}
