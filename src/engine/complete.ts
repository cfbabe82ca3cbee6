import { resolveTypes } from './abstract.ts';
import { Branch, columnOf, Failure, type Fault, nullError } from './column.ts';
import { descendTo } from './descend.ts';
import { completeLeaves } from './complete-leaves.ts';
import type { LevelRun } from './level-run.ts';
import { misfit } from './misfit.ts';
import type { FieldPlan } from './plan.ts';
import { promisedItems } from './promised-items.ts';
import { splitStream } from './split-stream.ts';
import type { Wrap } from './wrap.ts';

/** What stands for a value whose error makes what is around it null. */
const bubble = Symbol('bubble');

/** Turns raw values into output values or, for objects, into the rows of the levels below. */
export function completeColumn(level: LevelRun, field: FieldPlan, raw: unknown[]): void {
  if (level.run.onStream && level.starts === null) splitStream(level, field, raw);
  if (field.wrap.item !== null && field.step.kind !== 'remote') {
    const positions = promisedItems(raw, field.wrap.item);
    if (positions !== null) {
      let left = positions.length;
      for (const { list, promised } of positions) {
        level.run.settle(
          list,
          promised,
          (error) => new Failure(error),
          () => {
            if (--left === 0) completeColumn(level, field, raw);
          },
        );
      }
      return;
    }
  }
  if (field.serialize && field.wrap.item === null) {
    completeLeaves(level, field, raw, field.serialize, 0, null);
    return;
  }
  new Completion(level, field).run(raw);
}

/** Everything but plain leaves: lists, and objects. */
class Completion {
  readonly #level: LevelRun;
  readonly #field: FieldPlan;
  readonly #items: unknown[] = [];
  #faults: Map<number, Fault[]> | null = null;
  #row = 0;
  /** Where an object came from, so that a wrong type can be told: row and list positions. */
  readonly #sites: { row: number; suffix: readonly number[] }[] | null;

  constructor(level: LevelRun, field: FieldPlan) {
    this.#level = level;
    this.#field = field;
    this.#sites = field.asksType ? [] : null;
  }

  run(raw: unknown[]): void {
    const { wrap, step } = this.#field;
    const values = raw;
    const stubOf = step.kind === 'reference' ? this.#stubs(step.key) : null;
    for (let row = 0; row < raw.length; row++) {
      this.#row = row;
      const one = raw[row];
      const value =
        stubOf !== null && isKey(one) ? stubOf(one) : this.#complete(one, wrap, noSuffix);
      values[row] = value === bubble ? null : value;
    }
    if (this.#field.serialize) {
      this.#level.columnDone(this.#field, { values, faults: this.#faults, branch: null });
    } else if (this.#sites) {
      resolveTypes(this.#level, this.#field, this.#items, (types) => this.#typed(values, types));
    } else this.#descend(values, null);
  }

  /** Objects whose type could not be told become errors; their places in the values are found again. */
  #typed(values: unknown[], types: readonly unknown[]): void {
    const failed = new Set<number>();
    for (let item = 0; item < types.length; item++) {
      if (types[item] instanceof Failure) failed.add(item);
    }
    if (failed.size > 0) {
      for (let row = 0; row < values.length; row++) {
        const value = this.#without(values[row], this.#field.wrap, failed, types);
        values[row] = value === bubble ? null : value;
      }
    }
    this.#descend(values, types as readonly (string | Failure)[]);
  }

  #without(
    value: unknown,
    wrap: Wrap,
    failed: ReadonlySet<number>,
    types: readonly unknown[],
  ): unknown {
    if (value === null) return null;
    if (typeof value === 'number') {
      if (!failed.has(value)) return value;
      const site = this.#sites?.[value];
      const { error } = types[value] as Failure;
      this.#row = site?.row ?? 0;
      return this.#fault(wrap, site?.suffix ?? noSuffix, error);
    }
    const { item } = wrap;
    if (!Array.isArray(value) || item === null) return value;
    for (let index = 0; index < value.length; index++) {
      const one = this.#without(value[index], item, failed, types);
      if (one === bubble) return wrap.nonNull ? bubble : null;
      value[index] = one;
    }
    return value;
  }

  /** Makes the objects of references: one for all rows with the same key, unless each has to be looked at. */
  #stubs(name: string): (key: string | number) => unknown {
    const known = new Map<string | number, unknown>();
    return (key) => {
      let item = known.get(key);
      if (item === undefined) {
        item = this.#complete({ [name]: key }, this.#field.wrap, noSuffix);
        if (this.#sites === null) known.set(key, item);
      }
      return item;
    };
  }

  #descend(values: unknown[], types: readonly (string | Failure)[] | null): void {
    const branch = new Branch(this.#level);
    branch.isShared = this.#field.step.kind === 'reference';
    descendTo(this.#level, this.#field, branch, this.#items, types);
    this.#level.columnDone(this.#field, { values, faults: this.#faults, branch });
  }

  #complete(value: unknown, wrap: Wrap, suffix: readonly number[]): unknown {
    if (value === null || value === undefined) {
      if (!wrap.nonNull) return null;
      return this.#fault(wrap, suffix, misfit(this.#field, nullError(this.#field)));
    }
    if (typeof value === 'object') {
      if (value instanceof Failure) return this.#fault(wrap, suffix, value.error);
      if (value instanceof Error) return this.#fault(wrap, suffix, value);
    }
    if (wrap.item !== null) return this.#list(value, wrap, wrap.item, suffix);
    const { serialize } = this.#field;
    if (serialize) {
      try {
        return serialize(value);
      } catch (error) {
        return this.#fault(wrap, suffix, misfit(this.#field, error));
      }
    }
    if (this.#sites) this.#sites.push({ row: this.#row, suffix });
    return this.#items.push(value) - 1;
  }

  #list(value: unknown, wrap: Wrap, item: Wrap, suffix: readonly number[]): unknown {
    if (!Array.isArray(value)) {
      const error = new Error(
        `Expected Iterable, but did not find one for field "${this.#field.coordinate}".`,
      );
      return this.#fault(wrap, suffix, misfit(this.#field, error));
    }
    const list = columnOf(value.length);
    const remote =
      this.#field.step.kind === 'remote' ? this.#level.run.execution.remoteFaults : null;
    const simple = item.item === null && !this.#field.serialize && !this.#sites && remote === null;
    for (let index = 0; index < value.length; index++) {
      const one: unknown = value[index];
      if (
        simple &&
        typeof one === 'object' &&
        one !== null &&
        !(one instanceof Failure) &&
        !(one instanceof Error)
      ) {
        list[index] = this.#items.push(one) - 1;
        continue;
      }
      const fault =
        remote && (one === null || one === undefined) ? remote.at(value, index) : undefined;
      const completed = this.#complete(fault ?? one, item, [...suffix, index]);
      if (completed === bubble) return wrap.nonNull ? bubble : null;
      list[index] = completed;
    }
    return list;
  }

  #fault(wrap: Wrap, suffix: readonly number[], error: unknown): unknown {
    this.#faults ??= new Map();
    const faults = this.#faults.get(this.#row);
    if (faults) faults.push({ suffix, error });
    else this.#faults.set(this.#row, [{ suffix, error }]);
    return wrap.nonNull ? bubble : null;
  }
}

const noSuffix: readonly number[] = [];

const isKey = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';
