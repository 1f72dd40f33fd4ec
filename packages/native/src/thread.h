/* thread.c: threads of our own, which run no JavaScript. Not for others: it is hidden. */
#ifndef WAGGLE_THREAD_H
#define WAGGLE_THREAD_H

/* One that nobody waits for. 0, or a negative errno: then it does not run. */
int start_thread(void *(*run)(void *), void *argument);

#endif
