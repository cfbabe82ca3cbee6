import { columnOf, Failure, isThenable } from './column.ts';
import { callEntry, type EntryAnswer } from './entry-call.ts';
import type { Entry } from './graph.ts';
import { type KeyReader, keyReader } from './key-reader.ts';
import type { LevelRun } from './level-run.ts';
import { keyFault } from './locate.ts';
import type { GroupPlan, RemotePlan, ViewPlan } from './plan.ts';
import { callRemote, remoteOf, remoteVariables } from './remote-call.ts';
import type { RemoteAnswer } from './remote-result.ts';
import type { Run } from './run.ts';

/** One entity asked for by key: its object, null for none, or a Failure once settled. */
export interface Entity {
  readonly key: unknown;
  /** The key's fields, as the merge configuration sees them. */
  readonly source: Record<string, unknown>;
  value: unknown;
  settled: boolean;
  requests: readonly Request[];
  /** Who asked last, and the position among its entities. */
  asker: Request | null;
  position: number;
}

/** What one place of the operation wants from an entry. */
interface Request {
  readonly level: LevelRun;
  readonly group: GroupPlan;
  readonly entities: Entity[];
  /** Per row of the level: its entity. */
  readonly index: number[];
  /** Per row: why there is no key. */
  errors: Map<number, unknown> | null;
  left: number;
}

/** One entry of a run (for a remote place: one entry with one document), and what it has given. */
interface Store {
  readonly entry: Entry;
  readonly remote: RemotePlan | null;
  readonly known: Map<unknown, Entity>;
  fresh: Entity[];
}

/** Carries keys to entries: each key once in a run, all that lands together in one batch. */
export class Merges {
  readonly #run: Run;
  readonly #stores = new Map<unknown, Store>();
  #due: Store[] = [];

  constructor(run: Run) {
    this.#run = run;
  }

  get empty(): boolean {
    return this.#due.length === 0;
  }

  /** Asks the root of a place that needs no key. */
  enterRoot(level: LevelRun, group: GroupPlan): void {
    const { execution } = this.#run;
    const index = level.rows.length === 1 ? null : columnOf<number>(level.rows.length).fill(0);
    const { place } = group;
    const remote = remoteOf(execution, level.plan, group);
    if (!remote || execution.event) {
      const row = execution.event ? execution.event.value : place.rootValue;
      level.startGroup(group, { rows: [row], index, errors: null });
      return;
    }
    const take = ({ data, failure }: RemoteAnswer) => {
      if (data !== null) level.startGroup(group, { rows: [data], index, errors: null });
      else {
        const missing = columnOf<number>(level.rows.length).fill(-1);
        const errors = new Map([...missing.keys()].map((row) => [row, failure]));
        level.startGroup(group, { rows: [], index: missing, errors });
      }
    };
    const answer = callRemote(execution, place, remote, {});
    if (isThenable(answer)) this.#run.await(answer, take, (error) => this.#run.fail(error));
    else this.#run.push(() => take(answer));
  }

  /** Has the objects of an entry group fetched by the keys that a view of the level holds. */
  request(level: LevelRun, group: GroupPlan, view: ViewPlan): void {
    const { entry } = group;
    if (!entry) return;
    const store = this.#storeOf(entry, remoteOf(this.#run.execution, level.plan, group));
    const rows = level.rows.length;
    const index = columnOf<number>(rows).fill(0);
    const request: Request = { level, group, entities: [], index, errors: null, left: 0 };
    const keys = keyReader(level, view);
    for (let row = 0; row < rows; row++) {
      const entity = this.#entity(store, keys.id(row), keys, row);
      if (entity.asker !== request) {
        entity.asker = request;
        entity.position = request.entities.push(entity) - 1;
      }
      index[row] = entity.position;
    }
    for (const entity of request.entities) {
      if (entity.settled) continue;
      entity.requests = entity.requests === nobody ? [request] : [...entity.requests, request];
      request.left++;
    }
    if (this.#run.execution.faulty) {
      for (let row = 0; row < rows; row++) {
        const fault = keyFault(level, view, row);
        if (fault) (request.errors ??= new Map()).set(row, fault.error);
      }
    }
    if (request.left === 0) this.#run.push(() => this.#finish(request));
  }

  /** Sends all batches that are due. */
  flush(): void {
    const due = this.#due;
    this.#due = [];
    for (const store of due) {
      const batch = store.fresh;
      store.fresh = [];
      if (batch.length === 0) continue;
      if (store.entry.list) this.#send(store, batch, true);
      else for (const entity of batch) this.#send(store, [entity], false);
    }
  }

  #storeOf(entry: Entry, remote: RemotePlan | null): Store {
    const variables = remote
      ? JSON.stringify(remoteVariables(this.#run.execution, remote, {}))
      : '';
    const id = remote ? `${entry.place.index} ${remote.text} ${variables}` : entry;
    let store = this.#stores.get(id);
    if (!store) {
      store = { entry, remote, known: new Map(), fresh: [] };
      this.#stores.set(id, store);
    }
    return store;
  }

  #entity(store: Store, id: unknown, keys: KeyReader, row: number): Entity {
    const found = store.known.get(id);
    if (found) return found;
    const source = keys.source(row);
    const entity = newEntity(undefined, source, true);
    store.known.set(id, entity);
    if (keys.missing(source)) return entity;
    const { entry } = store;
    try {
      const key: unknown = entry.key ? entry.key(source) : source;
      if (isThenable(key)) {
        throw new Error(
          `merge.${entry.typeName}.key of ${entry.place.name} must return a key at once, but got a promise`,
        );
      }
      if (key === null || key === undefined) return entity;
      const asked = newEntity(key, source, false);
      store.known.set(id, asked);
      if (store.fresh.push(asked) === 1) this.#due.push(store);
      return asked;
    } catch (error) {
      entity.value = new Failure(error);
      return entity;
    }
  }

  #send(store: Store, batch: readonly Entity[], together: boolean): void {
    const take = (answer: EntryAnswer) => {
      if (answer.failed && together) {
        const requests = new Set(batch.flatMap((entity) => entity.requests));
        if (requests.size > 1) {
          this.#askApart(store, batch, requests);
          return;
        }
      }
      for (let at = 0; at < batch.length; at++) {
        this.#settle(batch[at] as Entity, answer.failed ?? answer.values[at] ?? null);
      }
    };
    const answer = callEntry(this.#run.execution, store.entry, store.remote, batch);
    if (isThenable(answer)) {
      this.#run.await(answer, take, (error) => take({ failed: new Failure(error), values: [] }));
    } else take(answer);
  }

  /** A batch that several places share failed as a whole: each is asked for alone. */
  #askApart(store: Store, batch: readonly Entity[], requests: ReadonlySet<Request>): void {
    const failed = new Set<Entity>(batch);
    for (const request of requests) {
      const own: Entity[] = [];
      for (let at = 0; at < request.entities.length; at++) {
        const entity = request.entities[at];
        if (!entity || !failed.has(entity)) continue;
        const again: Entity = { ...entity, requests: [request] };
        request.entities[at] = again;
        own.push(again);
        for (const [id, known] of store.known) if (known === entity) store.known.set(id, again);
      }
      this.#send(store, own, false);
    }
  }

  #settle(entity: Entity, value: unknown): void {
    entity.value = value instanceof Error ? new Failure(value) : value;
    entity.settled = true;
    for (const request of entity.requests) {
      if (--request.left === 0) this.#run.push(() => this.#finish(request));
    }
    entity.requests = nobody;
  }

  #finish({ level, group, entities, index, errors: keyErrors }: Request): void {
    const rows: unknown[] = [];
    const rowOf = columnOf<number>(entities.length).fill(0);
    let errors = keyErrors;
    for (let at = 0; at < entities.length; at++) {
      const value = entities[at]?.value;
      const found = value !== null && value !== undefined && !(value instanceof Failure);
      rowOf[at] = found ? rows.push(value) - 1 : -1;
    }
    let same = rows.length === index.length;
    for (let row = 0; row < index.length; row++) {
      const at = index[row] as number;
      const value = entities[at]?.value;
      if (value instanceof Failure) (errors ??= new Map()).set(row, value.error);
      const target = rowOf[at] as number;
      if (target !== row) same = false;
      index[row] = target;
    }
    level.startGroup(group, { rows, index: same ? null : index, errors });
  }
}

/** Most entities are asked for from one place: a list that grows would have room for seventeen. */
const nobody: readonly Request[] = Object.freeze([]);

function newEntity(key: unknown, source: Record<string, unknown>, settled: boolean): Entity {
  return { key, source, value: null, settled, requests: nobody, asker: null, position: -1 };
}
