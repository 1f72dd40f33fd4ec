/* The library of late_library: in_library(), with a frame that no frame pointer leads out of. */
static volatile int sink;

__attribute__((noinline)) static void inner(void (*burn)(void))
{
	volatile char room[200];

	room[0] = 1;
	burn();
	sink += room[0];
}

void in_library(void (*burn)(void))
{
	inner(burn);
	sink++;
}
