/** Where this package lies: src/ and the bundled dist/ are both one folder below its root. */
export const PLACE = import.meta.url;
