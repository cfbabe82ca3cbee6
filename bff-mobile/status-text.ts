/** `On time`, `12 min late`, `5 min early`, and where to when it is known. */
export function statusText(delayMinutes: number, city: string | undefined): string {
  const towards = city ? ` to ${city}` : '';
  if (delayMinutes >= 15) return `${delayMinutes} min late${towards}`;
  if (delayMinutes < 0) return `${-delayMinutes} min early${towards}`;
  return `On time${towards}`;
}
