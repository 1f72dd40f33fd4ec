/*
 * compat32: a 32-bit program without a C library, so that no 32-bit one has to be installed. Burns
 * some 400 ms in burn() and ends.
 */
static volatile unsigned sink;

__attribute__((noinline, noclone)) void burn(void)
{
	for (unsigned i = 0; i < 200000000; i++)
		sink += i;
}

void _start(void)
{
	burn();
	/* exit(0): arch/x86/entry/syscalls/syscall_32.tbl */
	__asm__ volatile("int $0x80" : : "a"(1), "b"(0));
	__builtin_unreachable();
}
