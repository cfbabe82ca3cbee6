import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import type { LevelRun } from './level-run.ts';
import type { FieldPlan } from './plan.ts';

type Path = GraphQLResolveInfo['path'];

/** The resolver's fourth argument; each member is made when it is read. */
export class Info {
  readonly #level: LevelRun;
  readonly #field: FieldPlan;
  readonly #row: number;

  constructor(level: LevelRun, field: FieldPlan, row: number) {
    this.#level = level;
    this.#field = field;
    this.#row = row;
  }

  get fieldName(): string {
    return this.#field.name;
  }
  get fieldNodes(): readonly FieldNode[] {
    return this.#field.uses.flatMap((use) => use.nodes);
  }
  get returnType(): GraphQLResolveInfo['returnType'] {
    return this.#field.def?.type ?? this.#field.type;
  }
  get parentType(): GraphQLResolveInfo['parentType'] {
    const own = this.schema.getType(this.#field.level.type.name);
    return (own ?? this.#field.level.type) as GraphQLResolveInfo['parentType'];
  }
  get path(): Path {
    const use = this.#field.uses[0];
    return {
      prev: this.#level.firstPath(this.#row),
      key: use?.key ?? this.#field.name,
      typename: this.#field.level.type.name,
    };
  }
  get schema(): GraphQLResolveInfo['schema'] {
    return this.#field.group.place.schema;
  }
  get fragments(): GraphQLResolveInfo['fragments'] {
    return Object.fromEntries(this.#field.scope.fragments);
  }
  get rootValue(): unknown {
    return this.#field.group.place.rootValue;
  }
  get operation(): GraphQLResolveInfo['operation'] {
    return this.#level.run.execution.body.operation;
  }
  get variableValues(): GraphQLResolveInfo['variableValues'] {
    return this.#level.run.execution.scope(this.#field.scope.index);
  }
  get signal(): AbortSignal | undefined {
    return this.#level.run.execution.signal;
  }
}
