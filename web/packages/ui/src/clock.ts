let ahead = 0;

/** Says that the business's present is so many milliseconds ahead of this machine's: the demo brand moves its days on. */
export function setAhead(milliseconds: number) {
  ahead = milliseconds;
}

/** The business's present, in milliseconds; what "three days ago" counts from. */
export function present(): number {
  return Date.now() + ahead;
}
