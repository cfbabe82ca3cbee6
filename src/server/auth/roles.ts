/** The `roles` of RFC 9068, section 2.2.3.1; none when the claim has another shape. */
export function rolesIn(claims: object): readonly string[] {
  const { roles } = claims as { readonly roles?: unknown };
  return Array.isArray(roles) && roles.every((role) => typeof role === 'string') ? roles : [];
}
