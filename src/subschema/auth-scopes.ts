import type { RequestContext, Viewer } from '../request.ts';

/** What `authScopes` of a type or field can ask for. Several in one map must all hold. */
export interface HouseScopes {
  /** Somebody is logged in. */
  viewer: true;
  /** The viewer was granted this OAuth scope: `bookings.read`. */
  scope: string;
  /** The viewer has this role in their organisation: `staff`. */
  role: string;
}

/** The context of fields behind `t.withAuth(…)`, whatever it asks for. */
type ViewerContext = RequestContext & { readonly viewer: Viewer };

/** For `SchemaBuilder<…>`. */
export interface HouseAuth {
  AuthScopes: HouseScopes;
  AuthContexts: { viewer: ViewerContext; scope: ViewerContext; role: ViewerContext };
  DefaultAuthStrategy: 'all';
}

/** What each scope asks of who asks. */
export const scopeTests: {
  readonly [Name in keyof HouseScopes]: (
    context: RequestContext,
    value: HouseScopes[Name],
  ) => boolean;
} = {
  viewer: ({ viewer }) => viewer !== null,
  scope: ({ viewer }, scope) => viewer?.scopes.includes(scope) ?? false,
  role: ({ viewer }, role) => viewer?.roles?.includes(role) ?? false,
};

/**
 * The options of Pothos' scope-auth plugin. With them a schema built with `toSchema()` and run by
 * graphql-js keeps the rules as well; the engine compiles the same declarations into its plans.
 */
export const scopeAuthOptions = {
  defaultStrategy: 'all',
  runScopesOnType: true,
  authScopes: (context: RequestContext) => ({
    viewer: scopeTests.viewer(context, true),
    scope: (scope: string) => scopeTests.scope(context, scope),
    role: (role: string) => scopeTests.role(context, role),
  }),
} as const;
