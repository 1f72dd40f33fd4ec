// What looks like a secret in a command line or an environment, for those who keep events by default: the agent's
// store. A list cannot know every program: what holds secrets in other forms needs patterns of its own.

/** Names of options and variables whose value is one. */
const NAMES =
  'pass(?:word|wd|phrase|code)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|credentials?|auth(?:orization)?|bearer|signature|session[-_]?id|cookie';

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
  new RegExp(`(?:^|\\s)--?(?:[\\w.]+[-_.])*(?:${NAMES})(?:[-_][\\w-]+)?(?:=|\\s+)(\\S+)`, 'i'),
  new RegExp(`(?:^|[\\s;&"'{,])(?:(?:\\w+_)?(?:${NAMES})(?:_\\w+)?|\\w+_pwd)=(\\S+)`, 'i'),
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:([^\s@/]+)@/i,
  /\b(?:proxy-)?authorization\s*:\s*(?:\w+\s+)?(\S+)/i,
  /\b(?:bearer|basic)\s+([\w.~+/=-]{8,})/i,
  /\b(?:set-)?cookie\s*:\s*(\S.*)/i,
  /\bx-(?:\w+-)*(?:key|token|secret)\s*:\s*(\S+)/i,
  /(?:^|\s)(?:\S*\/)?(?:mysql|mysqldump|mysqladmin|mariadb(?:-\w+)?)\s(?:.*\s)?-p(\S+)/,
  /(?:^|\s)(?:\S*\/)?sshpass\s+-p\s*(\S+)/,
  /(?:^|\s)(?:\S*\/)?(?:curl|wget|http|https)\s(?:.*\s)?(?:-u|--user)[\s=]*[^\s:]+:(\S+)/,
  /\b(gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,})/,
  /\b(xox[abeoprs]-[\w-]{10,}|sk-[\w-]{20,}|[rs]k_(?:live|test)_\w{10,}|AIza[\w-]{30,})/,
  /\b((?:AKIA|ASIA)[0-9A-Z]{16})\b/,
  /\b(eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)/,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----.*)/,
];
