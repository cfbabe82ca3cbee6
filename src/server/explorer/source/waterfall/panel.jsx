import { useState, useSyncExternalStore } from 'react';
import { Batches, sourcesOf } from './batches.jsx';
import { Calls } from './calls.jsx';
import { count, duration, size } from './format.js';
import './waterfall.css';

/** A GraphiQL plugin: the backend calls of the last operation on a time axis. */
export function waterfallPlugin(recorder) {
  return {
    title: 'Backend calls',
    icon: Icon,
    content: () => <Panel recorder={recorder} />,
  };
}

function Icon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M2.5 2v16" strokeLinecap="round" />
      <rect x="5" y="3" width="8" height="3.4" rx="1" />
      <rect x="8" y="8.3" width="6" height="3.4" rx="1" />
      <rect x="11" y="13.6" width="7" height="3.4" rx="1" />
    </svg>
  );
}

function Panel({ recorder }) {
  const { operation, waterfalls, dropped, isOver } = useSyncExternalStore(
    recorder.subscribe,
    recorder.read,
  );
  const [pinned, setPinned] = useState(null);
  const last = waterfalls.length - 1;
  // A pinned event stays while newer ones arrive; what fell out of memory lets go.
  const at = pinned === null || !waterfalls.includes(pinned) ? last : waterfalls.indexOf(pinned);
  const waterfall = waterfalls[at];
  return (
    <section className="waterfall" aria-label="Backend calls">
      <header className="waterfall-title">Backend calls</header>
      {waterfall ? (
        <>
          <Heading operation={operation} waterfall={waterfall}>
            {operation.type === 'subscription' && (
              <Stepper
                at={at}
                last={last}
                number={at + 1 + dropped}
                total={waterfalls.length + dropped}
                go={(to) => setPinned(to === last ? null : waterfalls[to])}
              />
            )}
          </Heading>
          <Calls waterfall={waterfall} />
          <Batches batches={waterfall.batches} />
          <Ids waterfall={waterfall} />
        </>
      ) : (
        <p className="waterfall-empty">{emptyText(operation, isOver)}</p>
      )}
    </section>
  );
}

function emptyText(operation, isOver) {
  if (!operation) {
    return 'Run an operation, and see here which backends it asked, when, for how many keys, and what came out of caches.';
  }
  return isOver ? 'It was refused before any backend was asked.' : 'Waiting for the answer…';
}

function Heading({ operation, waterfall, children }) {
  const { calls, batches, durationMs } = waterfall;
  const bytes = calls.reduce((sum, call) => sum + call.bytes, 0);
  const retries = calls.reduce((sum, call) => sum + Math.max(0, call.attempts - 1), 0);
  const failed = calls.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'pending').length;
  const { keys, kept } = sourcesOf(batches);
  return (
    <>
      <div className="waterfall-operation">
        <span className="waterfall-name">{operation.name ?? `unnamed ${operation.type}`}</span>
        {children}
      </div>
      <dl className="waterfall-facts">
        <Fact label="in all" value={duration(durationMs)} />
        <Fact label={calls.length === 1 ? 'call' : 'calls'} value={calls.length} />
        {bytes > 0 && <Fact label="received" value={size(bytes)} />}
        {keys > 0 && (
          <Fact
            label={`of ${count(keys, 'key')} at hand`}
            value={`${Math.round((kept / keys) * 100)}%`}
          />
        )}
        {retries > 0 && (
          <Fact label={retries === 1 ? 'retry' : 'retries'} value={retries} tone="warning" />
        )}
        {failed > 0 && <Fact label="failed" value={failed} tone="error" />}
      </dl>
    </>
  );
}

function Fact({ label, value, tone }) {
  return (
    <div className={tone ? `is-${tone}` : undefined}>
      <dd>{value}</dd>
      <dt>{label}</dt>
    </div>
  );
}

function Stepper({ at, last, number, total, go }) {
  return (
    <span className="waterfall-stepper">
      <button
        type="button"
        aria-label="Earlier event"
        disabled={at <= 0}
        onClick={() => go(at - 1)}
      >
        ‹
      </button>
      event {number} of {total}
      <button
        type="button"
        aria-label="Later event"
        disabled={at >= last}
        onClick={() => go(at + 1)}
      >
        ›
      </button>
    </span>
  );
}

/** What the log line of this operation says too. */
function Ids({ waterfall: { requestId, traceId } }) {
  return (
    <dl className="waterfall-ids">
      <dt>request</dt>
      <dd>{requestId}</dd>
      {traceId && (
        <>
          <dt>trace</dt>
          <dd>{traceId}</dd>
        </>
      )}
    </dl>
  );
}
