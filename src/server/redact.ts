/** `text` without anything that looks like a host, an address or a URL. */
export function redactHosts(text: string): string {
  return text
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>)\]]+/gi, '[address]')
    .replace(/\[[0-9a-f:.]*:[0-9a-f:.]*\](?::\d+)?/gi, '[address]')
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, '[address]')
    .replace(/(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?::\d+)?(?![\w:])/gi, '[address]')
    .replace(/\blocalhost(?::\d+)?\b/gi, '[address]')
    .replace(/\b[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*:\d{2,5}\b/gi, '[address]')
    .replace(/\b((?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT)) \S+/g, '$1 [address]');
}

/** `text` without credentials, cut to `maxLength` characters: fit for a log. */
export function redactSecrets(text: string, maxLength = 500): string {
  const clean = text
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]')
    .replace(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, '[redacted]')
    .replace(/\/\/[^/\s:@]+:[^/\s@]+@/g, '//[redacted]@')
    .replace(
      /\b(authorization|cookie|set-cookie|password|secret|token|api[-_]?key|session)\b(["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;}&]+)/gi,
      '$1$2[redacted]',
    );
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}
