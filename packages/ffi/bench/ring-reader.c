/* The rival of ring-reader.ts: libbpf's ring_buffer__consume over the same records.
 * Usage: ring-reader OBJECT PROGRAM RECORDS ROUNDS; prints nanoseconds per record, best round. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long long sum;

static int on_record(void *context, void *data, size_t size)
{
	sum += *(unsigned int *)data;
	return 0;
}

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	struct bpf_object *object;
	struct ring_buffer *ring;
	int program, records, rounds, round;
	double best = 1e18;

	if (argc != 5)
		return 2;
	records = run.repeat = atoi(argv[3]);
	rounds = atoi(argv[4]);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		return 1;
	program = bpf_program__fd(bpf_object__find_program_by_name(object, argv[2]));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "records"), on_record,
				NULL, NULL);
	if (!ring)
		return 1;
	for (round = 0; round < rounds; round++) {
		double start, elapsed;

		if (bpf_prog_test_run_opts(program, &run))
			return 1;
		start = now_ns();
		if (ring_buffer__consume(ring) != records)
			return 1;
		elapsed = now_ns() - start;
		if (elapsed < best)
			best = elapsed;
	}
	printf("%.3f\n", best / records);
	ring_buffer__free(ring);
	bpf_object__close(object);
	return sum == 0;
}
