import {
  type GraphQLField,
  type GraphQLNamedOutputType,
  type GraphQLOutputType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
} from 'graphql';
import { insteadOf } from './access.ts';
import type { AliasBook } from './compile-remote.ts';
import type { Place } from './graph.ts';
import type { FieldPlan, GroupPlan, LevelPlan, PlanBody, Step } from './plan.ts';
import type { Request } from './requests.ts';
import { fieldIn } from './schema-types.ts';
import { serializerOf } from './serialize.ts';
import { resolveStep, stepOf } from './steps.ts';
import { wrapOf } from './wrap.ts';

/** What one field of a level is at the place that answers for it: its types, its step, its serializer. */
export function compileField(
  body: PlanBody,
  level: LevelPlan,
  aliases: AliasBook,
  request: Request,
  group: GroupPlan,
): FieldPlan {
  const { schema, access } = body.graph;
  const { name, node, scope, derived } = request;
  const { name: typeName } = level.type;
  const graphField = fieldIn(schema, typeName, name);
  const own = fieldIn(group.place.schema, typeName, name);
  const derivedHere = isDerivedHere(request, group);
  const def = (derivedHere ? derived?.field : (own ?? graphField)) ?? null;
  const type = (graphField?.type ?? null) as GraphQLOutputType | null;
  const named = type ? getNamedType(type) : null;
  const step = stepAt(body, level, aliases, request, group, own);
  return {
    index: level.fields.length,
    level,
    group,
    name,
    coordinate: `${typeName}.${name}`,
    node,
    scope,
    def,
    type: type as GraphQLOutputType,
    named: named as GraphQLNamedOutputType,
    wrap: type ? wrapOf(type) : { nonNull: true, item: null },
    step,
    serialize: serializerAt(derivedHere ? undefined : own, named, step),
    asksType: named !== null && asksType(named, group.place),
    checks: request.denied ? [] : (access.ofField(typeName, name)?.checks ?? []),
    instead: insteadOf(access, typeName, request),
    uses: [],
    children: new Map(),
  };
}

type Own = GraphQLField<unknown, unknown> | undefined;

/** Of leaves; `__typename` has no type in the graph and needs nothing done to it. */
function serializerAt(
  own: Own,
  named: GraphQLNamedOutputType | null,
  step: Step,
): FieldPlan['serialize'] {
  if (named === null) return identity;
  if (!isLeafType(named)) return null;
  return serializerOf(own && getNamedType(own.type), named, step.kind === 'remote');
}

/** How its raw values are made. */
function stepAt(
  { graph }: PlanBody,
  { type, place }: LevelPlan,
  aliases: AliasBook,
  request: Request,
  group: GroupPlan,
  own: Own,
): Step {
  const { name, node, derived } = request;
  const property: Step = { kind: 'property', name, calls: true };
  if (request.denied) {
    const instead = insteadOf(graph.access, type.name, request);
    if (!instead) return { kind: 'denied' };
    return resolveStep((parent, args, context, info) =>
      instead(parent, args, context, info, graph.access.refusal(context)),
    );
  }
  if (name === '__typename') return { kind: 'typename' };
  if (name === '__schema' || name === '__type') return { kind: 'introspection' };
  if (group.kind === 'nowhere') {
    return {
      kind: 'nowhere',
      message: `${type.name}.${name} cannot be reached from the ${place.name} subschema.`,
    };
  }
  if (derived && isDerivedHere(request, group)) {
    return derived.resolve ? resolveStep(derived.resolve) : property;
  }
  if (group.place.executor) return { kind: 'remote', alias: aliases.take(name, node, own) };
  if (group.place.gateway) {
    const stitched = graph.owners(type.name, name).length > 0;
    return own?.resolve && !stitched ? resolveStep(own.resolve as never) : property;
  }
  return own ? stepOf(own) : property;
}

function isDerivedHere({ derived }: Request, { kind }: GroupPlan): boolean {
  return derived !== null && (kind === 'derived' || kind === 'source');
}

/** Whether the type of its objects is told by each of them, or checked on them. */
function asksType(named: GraphQLNamedOutputType, place: Place): boolean {
  if (isLeafType(named)) return false;
  if (isAbstractType(named)) return true;
  const own = place.executor ? undefined : place.schema.getType(named.name);
  return isObjectType(own) && typeof own.isTypeOf === 'function';
}

const identity = (value: unknown): unknown => value;
