/** Reading a profile of any format, by what the file holds. */
export { parseProfile, READABLE, UnknownProfileError } from './parse.ts';
