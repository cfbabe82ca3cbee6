import { GraphQLError, locatedError } from 'graphql';
import type { FieldPlan, Use } from './plan.ts';
import { Misfit } from './misfit.ts';
import { RemoteFault } from './remote-result.ts';
import type { Wrap } from './wrap.ts';

export type Path = readonly (string | number)[];

/** An error as the client reads it: at its path, with the nodes that asked. */
export function toClientError(use: Use, path: Path, error: unknown): GraphQLError {
  if (error instanceof Misfit) return error.toClientError(use.nodes, path);
  if (!(error instanceof RemoteFault)) return locatedError(error, use.nodes, path);
  const { error: cause, rest } = carrier(use.field, path, error);
  return new GraphQLError(cause.message, {
    nodes: use.nodes,
    path: [...path, ...clientNames(use.field, use.field.uses.indexOf(use), rest)],
    originalError: cause,
    extensions: cause.extensions,
  });
}

/** Which of several errors below one null of a remote answer, at a path of ours, carried it up. */
function carrier(field: FieldPlan, path: Path, fault: RemoteFault): RemoteFault {
  if (fault.others.length === 0) return fault;
  let { wrap } = field;
  for (let at = path.length - 1; typeof path[at] === 'number'; at--) wrap = wrap.item ?? wrap;
  const found = [fault, ...fault.others].find(({ rest: [first, ...more] }) => {
    return first === undefined || carriesBelow(field, wrap, first, more);
  });
  return found ?? fault;
}

/** A path of a remote answer in the response keys of the client. */
function clientNames(field: FieldPlan, view: number, rest: Path): (string | number)[] {
  const [first, ...more] = rest;
  if (first === undefined) return [];
  if (typeof first === 'number') return [first, ...clientNames(field, view, more)];
  for (const level of field.children.values()) {
    for (const use of level.views[view]?.uses ?? []) {
      if (use.field.step.kind === 'remote' && use.field.step.alias === first) {
        return [use.key, ...clientNames(use.field, use.field.uses.indexOf(use), more)];
      }
    }
  }
  return [first, ...clientNames(field, view, more)];
}

/** Whether a null at the end of a path of a remote answer is carried up to its beginning. */
export function carries(field: FieldPlan, wrap: Wrap, rest: Path): boolean {
  if (!wrap.nonNull) return false;
  const [first, ...more] = rest;
  if (first === undefined) return true;
  return carriesBelow(field, wrap, first, more);
}

function carriesBelow(field: FieldPlan, wrap: Wrap, first: string | number, more: Path): boolean {
  if (typeof first === 'number') {
    if (!wrap.item) return false;
    return more.length === 0 ? wrap.item.nonNull : carries(field, wrap.item, more);
  }
  for (const level of field.children.values()) {
    for (const below of level.fields) {
      if (below.step.kind === 'remote' && below.step.alias === first) {
        return carries(below, below.wrap, more);
      }
    }
  }
  return true;
}
