/** Reading a profile of any format, by what the file holds. */
export { parseProfile, UnknownProfileError } from './parse.ts';
