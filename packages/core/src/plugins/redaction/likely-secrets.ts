/**
 * What looks like a secret in a command line or an environment, for those who keep events by default: the agent's
 * store. A list cannot know every program: what holds secrets in other forms needs patterns of its own.
 */

/** Names of options and variables whose value is one. */
const NAMES =
  'pass(?:word|wd|phrase|code)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|credentials?|auth(?:orization)?|bearer|signature|session[-_]?id|cookie';

/**
 * What stands around such a name, of names of options and variables. Whoever runs a program chooses its arguments: a
 * pattern that goes back and forth over what it has no end for takes seconds for one of them, and with two such parts
 * for ever. So each part has its most, and no two can have the same characters between them.
 */
const AROUND = 48;
/** Between a program and the option that has its secret. */
const BETWEEN = 256;

/**
 * Patterns as `redaction()` takes them: what a group holds goes.
 *
 * - options whose name says so: `--password X`, `--db-password=X`, `-token X`
 * - variables whose name does: `API_KEY=X`, `MYSQL_PWD=X`
 * - passwords in URLs: `https://user:X@host`
 * - HTTP headers: `Authorization: Bearer X`, `Cookie: X`, `X-Api-Key: X`
 * - programs that take one by a short option: `mysql -pX`, `sshpass -p X`, `curl -u user:X`
 * - tokens that are known by their form: GitHub, GitLab, Slack, AWS, Google, Stripe, OpenAI, npm, JSON Web Tokens,
 *   private keys in PEM
 */
export const LIKELY_SECRETS: readonly RegExp[] = [
  new RegExp(
    `(?:^|\\s)--?(?:[\\w.-]{1,${AROUND}}[-_.])?(?:${NAMES})(?:[-_][\\w-]{1,${AROUND}})?(?:=|\\s{1,8})(\\S+)`,
    'i',
  ),
  new RegExp(
    `(?:^|[\\s;&"'{,])(?:(?:\\w{1,${AROUND}}_)?(?:${NAMES})(?:_\\w{1,${AROUND}})?|\\w{1,${AROUND}}_pwd)=(\\S+)`,
    'i',
  ),
  /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/]{0,256}:([^\s@/]{1,4096})@/i,
  /\b(?:proxy-)?authorization\s{0,8}:\s{0,8}(?:\w{1,32}\s{1,8})?(\S+)/i,
  /\b(?:bearer|basic)\s{1,8}([\w.~+/=-]{8,})/i,
  /\b(?:set-)?cookie\s{0,8}:\s{0,8}(\S.*)/i,
  /\bx-(?:[\w-]{1,48}-)?(?:key|token|secret)\s{0,8}:\s{0,8}(\S+)/i,
  new RegExp(
    `(?:^|\\s|/)(?:mysql|mysqldump|mysqladmin|mariadb(?:-\\w{1,16})?)\\s(?:.{0,${BETWEEN}}\\s)?-p(\\S+)`,
  ),
  /(?:^|\s|\/)sshpass\s{1,8}-p\s{0,8}(\S+)/,
  new RegExp(
    `(?:^|\\s|/)(?:curl|wget|https?)\\s(?:.{0,${BETWEEN}}\\s)?(?:-u|--user)[\\s=]{0,8}[^\\s:]{1,256}:(\\S+)`,
  ),
  /\b(gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,})/,
  /\b(xox[abeoprs]-[\w-]{10,}|sk-[\w-]{20,}|[rs]k_(?:live|test)_\w{10,}|AIza[\w-]{30,})/,
  /\b((?:AKIA|ASIA)[0-9A-Z]{16})\b/,
  /\b(eyJ[\w-]{8,4096}\.[\w-]{8,}\.[\w-]*)/,
  /(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*)/,
];
