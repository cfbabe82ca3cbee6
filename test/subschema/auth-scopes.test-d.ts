import { createBffBuilder, createSubschemaBuilder, type Viewer } from 'tailorbird';
import { describe, expectTypeOf, it } from 'vitest';

describe('authScopes', () => {
  const builder = createSubschemaBuilder();

  it('ask for what there is', () => {
    builder.queryFields((t) => ({
      known: t.string({
        authScopes: { viewer: true, scope: 'a', $any: { role: 'b', scope: 'c' } },
        resolve: () => '',
      }),
      // @ts-expect-error -- there is no such scope
      unknown: t.string({ authScopes: { scoupe: 'a' }, resolve: () => '' }),
      // @ts-expect-error -- that nobody is logged in can't be asked for
      nobody: t.string({ authScopes: { viewer: false }, resolve: () => '' }),
      // @ts-expect-error -- a scope has a name
      nameless: t.string({ authScopes: { scope: true }, resolve: () => '' }),
    }));
  });

  it('make the viewer known behind withAuth', () => {
    builder.queryFields((t) => ({
      mine: t.withAuth({ scope: 'a' }).string({
        resolve: (_parent, _args, { viewer }) => {
          expectTypeOf(viewer).toEqualTypeOf<Viewer>();
          return viewer.subject;
        },
      }),
      anyone: t.string({
        resolve: (_parent, _args, { viewer }) => {
          expectTypeOf(viewer).toEqualTypeOf<Viewer | null>();
          return '';
        },
      }),
    }));
  });

  it('of a derived field look at its needs', () => {
    const client = createBffBuilder<{ Flight: { delayMinutes: number } }>();
    client.fieldsOn('Flight', (t) => ({
      late: t.derive({
        type: 'Boolean',
        needs: '{ delayMinutes }',
        authScopes: (flight) => {
          expectTypeOf(flight).toEqualTypeOf<{ readonly delayMinutes: number }>();
          return { role: 'staff' };
        },
        resolve: () => true,
      }),
    }));
  });
});
