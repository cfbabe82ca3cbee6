import type {
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLNamedOutputType,
  GraphQLObjectType,
  GraphQLOutputType,
  OperationDefinitionNode,
} from 'graphql';
import type { AccessRule, Instead, ParentCheck } from './access.ts';
import type { Part, Scope, Term } from './collect.ts';
import type { Entry, Graph, Place, Resolve } from './graph.ts';
import type { Wrap } from './wrap.ts';

/** One compiled operation. Immutable but for levels of abstract types, added when first met. */
export interface PlanBody {
  readonly graph: Graph;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly rootType: GraphQLObjectType;
  /** One level; a mutation has one per root field, run in series. */
  readonly roots: readonly LevelPlan[];
  /** Disjunctions of conjunctions; number 0 always holds. */
  readonly conditions: Term[][][];
  /** Number 0 is the operation's; each other takes its values from a derived field's arguments. */
  readonly scopes: ScopePlan[];
  /** What is asked of the viewer before the operation runs. */
  readonly rules: readonly AccessRule[];
  /** Those of them that do not hold here: their fields are refused. */
  readonly denied: ReadonlySet<AccessRule>;
  /** The same operation for viewers who may not have all of it, by the rules that do not hold. */
  readonly variants: Map<string, PlanBody>;
}

export interface ScopePlan {
  readonly scope: Scope;
  /** Whose coerced arguments are the variables; null for the operation's own. */
  readonly source: {
    readonly def: GraphQLField<unknown, unknown>;
    readonly node: FieldNode;
    readonly scope: Scope;
  } | null;
}

/**
 * All objects of one concrete type that reach one place of the operation. Their fields run in
 * groups, one per place that fields come from; views say who reads which of the fields.
 */
export interface LevelPlan {
  readonly type: GraphQLObjectType;
  readonly place: Place;
  readonly views: ViewPlan[];
  readonly fields: FieldPlan[];
  readonly groups: GroupPlan[];
  readonly patches: PatchPlan[];
  readonly parentField: FieldPlan | null;
  /** Of a deferred fragment: the level and view that it was taken out of, and when. */
  readonly patchOf: PatchOrigin | null;
  readonly uses: Use[];
  /** Rows with equal keys are equal in all that is asked: the key's view, or -1. */
  collapseBy: number;
  /** Whether anything in it depends on variables. */
  conditional: boolean;
  /** What runs, when that never depends on variables; made at first use. */
  activation: Activation | null;
}

/** What of a level runs under given variables. */
export interface Activation {
  readonly uses: readonly boolean[];
  readonly views: readonly boolean[];
  readonly fields: readonly boolean[];
  readonly groups: readonly boolean[];
  /** By view: what it reads, in the order of its keys. */
  readonly outputs: readonly (readonly Use[])[];
}

export interface PatchOrigin {
  readonly level: LevelPlan;
  readonly view: number;
  /** Never 0: it is whether the client takes an answer in parts, at least. */
  readonly condition: number;
}

/** A deferred fragment: a level of its own over the same objects. */
export interface PatchPlan {
  readonly label: string | undefined;
  readonly condition: number;
  /** The view that the fragment stands in. */
  readonly view: number;
  readonly level: LevelPlan;
}

/** One reader of a level: the parent field's use of the same number, a key, or needs. */
export interface ViewPlan {
  readonly index: number;
  readonly uses: Use[];
  /** The group that waits for it; null when the parent field reads it. */
  readonly group: GroupPlan | null;
  /** Whether the client reads it. */
  readonly client: boolean;
  /** Whether the order of its keys depends on variables. */
  dynamic: boolean;
}

/** A field as one view reads it. */
export interface Use {
  readonly index: number;
  readonly view: ViewPlan;
  readonly field: FieldPlan;
  readonly key: string;
  readonly condition: number;
  readonly nodes: readonly FieldNode[];
  readonly parts: readonly Part[];
  readonly orders: readonly { readonly order: number; readonly condition: number }[];
  readonly stream: StreamPlan | null;
}

export interface StreamPlan {
  readonly initialCount: (variables: Record<string, unknown>) => number;
  readonly condition: number;
  readonly label: string | undefined;
}

export type GroupKind = 'source' | 'root' | 'entry' | 'derived' | 'nowhere';

/** The fields of a level that one place answers for, and how its objects are reached. */
export interface GroupPlan {
  readonly index: number;
  readonly kind: GroupKind;
  readonly place: Place;
  entry: Entry | null;
  /** The view that is the key or the needs; null when nothing is waited for. */
  view: ViewPlan | null;
  readonly fields: FieldPlan[];
  /** What is sent, when this group is where a remote place is entered. */
  remote: RemotePlan | null;
}

export interface RemotePlan {
  readonly document: DocumentNode;
  readonly text: string;
  readonly rootKey: string;
  readonly variables: readonly RemoteVariable[];
  /** The same without what `@skip` and `@include` leave out, by what they leave out; printed when first met. */
  readonly variants: Map<string, RemotePlan>;
}

export interface RemoteVariable {
  readonly name: string;
  readonly source:
    | { readonly kind: 'argument'; readonly field: FieldPlan; readonly argument: string }
    | { readonly kind: 'key'; readonly argument: string }
    | { readonly kind: 'condition'; readonly field: FieldPlan };
}

/** How a column of raw values is made from a column of objects. */
export type Step =
  | { readonly kind: 'typename' }
  | { readonly kind: 'property'; readonly name: string; readonly calls: boolean }
  | { readonly kind: 'reference'; readonly property: string; readonly key: string }
  | { readonly kind: 'resolve'; readonly resolve: Resolve; readonly readsInfo: boolean }
  | { readonly kind: 'column'; readonly column: Column }
  | { readonly kind: 'remote'; readonly alias: string }
  | { readonly kind: 'introspection' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'nowhere'; readonly message: string };

/** One call for a whole layer: a value or an Error per parent, in order. */
export type Column = (
  parents: readonly unknown[],
  args: Record<string, unknown>,
  context: unknown,
) => readonly unknown[] | PromiseLike<readonly unknown[]>;

export interface FieldPlan {
  readonly index: number;
  readonly level: LevelPlan;
  readonly group: GroupPlan;
  readonly name: string;
  /** `Type.field`, for messages. */
  readonly coordinate: string;
  readonly node: FieldNode;
  readonly scope: Scope;
  /** The definition whose arguments are coerced: the place's own. */
  readonly def: GraphQLField<unknown, unknown> | null;
  readonly type: GraphQLOutputType;
  readonly named: GraphQLNamedOutputType;
  readonly wrap: Wrap;
  readonly step: Step;
  /** Set for leaves. */
  readonly serialize: ((value: unknown) => unknown) | null;
  /** Whether the type of its objects has to be asked for, or checked. */
  readonly asksType: boolean;
  /** What is asked about each parent before the field is run. */
  readonly checks: readonly ParentCheck[];
  /** What answers for a parent that does not meet them; null for an error. */
  readonly instead: Instead | null;
  readonly uses: Use[];
  /** The next level, by concrete type; with the properties present, for objects of the gateway. */
  readonly children: Map<string, LevelPlan>;
}
