import { Fragment } from 'react';
import { count, duration, shortened, size, tick, ticks } from './format.js';

/** Shorter waits are the way from the caller to the wire. */
const leastWaitMs = 0.5;

/** Each backend call as a bar on one time axis, in the order they were made. */
export function Calls({ waterfall }) {
  const { calls, durationMs, executedAtMs, answer } = waterfall;
  if (calls.length === 0) {
    return (
      <p className="waterfall-none">
        <strong>No backend was asked.</strong> {whyNone(waterfall, answer)}
      </p>
    );
  }
  const lengthMs = Math.max(durationMs, ...calls.map((call) => call.startMs + call.durationMs));
  const percent = (ms) => `${(100 * ms) / lengthMs}%`;
  const tones = tonesOf(calls);
  return (
    <>
      <div className="waterfall-chart">
        <Axis lengthMs={lengthMs} percent={percent} />
        <ol className="waterfall-calls">
          {calls.map((call, index) => (
            <Call key={index} call={call} tone={tones.get(call.backend)} percent={percent} />
          ))}
        </ol>
        <div
          className="waterfall-admission"
          style={{ width: percent(executedAtMs) }}
          title={`admission, login and plan: ${duration(executedAtMs)}`}
        />
      </div>
      <Legend calls={calls} />
    </>
  );
}

function whyNone({ batches }, answer) {
  if (answer === 'kept') return 'The whole answer was kept from an earlier request.';
  if (answer === 'shared') return 'The same question was being answered for somebody else.';
  return batches.length > 0
    ? 'Everything that it loads was at hand.'
    : 'The operation needs none of them.';
}

/** Backends in the order of their first call; there are eight colours, then they repeat. */
function tonesOf(calls) {
  const backends = [...new Set(calls.map(({ backend }) => backend))];
  return new Map(backends.map((backend, index) => [backend, index % 8]));
}

function Axis({ lengthMs, percent }) {
  return (
    <div className="waterfall-axis" aria-hidden="true">
      {ticks(lengthMs).map((ms) => (
        <Fragment key={ms}>
          {ms > 0 && <i style={{ left: percent(ms) }} />}
          {/* A label near the end would not fit beside its line. */}
          {ms < lengthMs * 0.86 && <span style={{ left: percent(ms) }}>{tick(ms)}</span>}
        </Fragment>
      ))}
    </div>
  );
}

function Call({ call, tone, percent }) {
  const { backend, operation, startMs, durationMs, batchSize, outcome, bytes, attempts } = call;
  const failed = outcome !== 'ok' && outcome !== 'pending';
  return (
    <li
      className={`waterfall-call tone-${tone}${failed ? ' is-failed' : ''}${outcome === 'pending' ? ' is-pending' : ''}`}
    >
      <details>
        <summary>
          <span className="waterfall-label">
            <span className="waterfall-what">
              <i className="waterfall-dot" />
              <b>{backend}</b> <code>{shortened(operation)}</code>
            </span>
            <span className="waterfall-took">{duration(durationMs)}</span>
          </span>
          <Bar call={call} percent={percent} />
          <span className="waterfall-badges">
            {batchSize !== undefined && <span>{count(batchSize, 'key')}</span>}
            {bytes > 0 && <span>{size(bytes)}</span>}
            {attempts > 1 && <span className="is-warning">{count(attempts, 'attempt')}</span>}
            {outcome === 'pending' && <span>not awaited</span>}
            {failed && <span className="is-error">{outcome}</span>}
          </span>
        </summary>
        <Details call={call} startMs={startMs} />
      </details>
    </li>
  );
}

/** The wait before the first attempt is hatched; each further attempt begins with a notch. */
function Bar({ call: { startMs, durationMs, attemptsMs }, percent }) {
  const [first = startMs, ...again] = attemptsMs;
  const waitMs = Math.min(durationMs, first - startMs);
  const within = (ms) => `${durationMs > 0 ? (100 * ms) / durationMs : 0}%`;
  return (
    <span className="waterfall-track">
      <span
        className="waterfall-bar"
        style={{ left: percent(startMs), width: percent(durationMs) }}
      >
        {waitMs > leastWaitMs && (
          <span className="waterfall-wait" style={{ width: within(waitMs) }} />
        )}
        {again.map((ms) => (
          <span key={ms} className="waterfall-notch" style={{ left: within(ms - startMs) }} />
        ))}
      </span>
    </span>
  );
}

function Details({ call, startMs }) {
  const { operation, attemptsMs, endpoint, outcome } = call;
  const [first] = attemptsMs;
  return (
    <dl className="waterfall-details">
      <dt>operation</dt>
      <dd>{operation}</dd>
      <dt>began</dt>
      <dd>after {duration(startMs)}</dd>
      {first !== undefined && first - startMs >= 0.05 && (
        <>
          <dt>waited</dt>
          <dd>{duration(first - startMs)} before it was sent</dd>
        </>
      )}
      {attemptsMs.length > 1 && (
        <>
          <dt>attempts</dt>
          <dd>{attemptsMs.map((ms) => `after ${duration(ms)}`).join(', ')}</dd>
        </>
      )}
      {endpoint && (
        <>
          <dt>endpoint</dt>
          <dd>{endpoint}</dd>
        </>
      )}
      <dt>outcome</dt>
      <dd>{outcome}</dd>
    </dl>
  );
}

function Legend({ calls }) {
  const waited = calls.some(
    ({ startMs, attemptsMs: [first = startMs] }) => first - startMs > leastWaitMs,
  );
  const retried = calls.some(({ attemptsMs }) => attemptsMs.length > 1);
  if (!waited && !retried) return null;
  return (
    <p className="waterfall-legend">
      {waited && (
        <span>
          <i className="is-wait" /> waiting
        </span>
      )}
      {retried && (
        <span>
          <i className="is-notch" /> another attempt
        </span>
      )}
    </p>
  );
}
