/*
 * A USDT probe as sys/sdt.h writes it, by hand: `shop:sale` with an amount and a customer, hit for what it is
 * asked; `shop:listened` with a semaphore, which is hit only while somebody listens. Prints how often it was.
 *
 *   usdt N
 */
#include <stdio.h>
#include <stdlib.h>

#define NOTE(provider, name, semaphore, arguments)                                                 \
	"990: nop\n"                                                                               \
	".pushsection .note.stapsdt,\"\",\"note\"\n"                                               \
	".balign 4\n"                                                                              \
	".4byte 992f-991f, 994f-993f, 3\n"                                                         \
	"991: .asciz \"stapsdt\"\n"                                                                \
	"992: .balign 4\n"                                                                         \
	"993: .8byte 990b\n"                                                                       \
	".8byte _.stapsdt.base\n"                                                                  \
	".8byte " semaphore "\n"                                                                   \
	".asciz \"" provider "\"\n"                                                                \
	".asciz \"" name "\"\n"                                                                    \
	".asciz \"" arguments "\"\n"                                                               \
	"994: .balign 4\n"                                                                         \
	".popsection\n"

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n"
	".hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base, 1\n"
	".popsection\n");

__attribute__((section(".probes"), used)) volatile unsigned short shop_listened_semaphore;

__attribute__((noinline)) static void sell(long amount, int customer)
{
	/* The second is in memory, and negative at times. */
	__asm__ volatile(NOTE("shop", "sale", "0", "8@%0 -4@%1") : : "r"(amount), "m"(customer));
}

__attribute__((noinline)) static void listened(long value)
{
	__asm__ volatile(NOTE("shop", "listened", "shop_listened_semaphore", "8@%0 4@$7") : : "r"(value));
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100, heard = 0;

	for (long i = 1; i <= n; i++) {
		sell(i, 3);
		if (shop_listened_semaphore) {
			listened(i);
			heard++;
		}
	}
	printf("%ld\n", heard);
	return 0;
}
