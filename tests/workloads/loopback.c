/*
 * loopback MILLISECONDS
 * Sends datagrams to itself over the loopback device until it has used that much CPU time. Each is
 * received by a softirq that runs on top of the system call that sent it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "cpu_ms.h"

int main(int argc, char **argv)
{
	double wanted = argc > 1 ? atof(argv[1]) : 0, start = cpu_ms();
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	char bytes[1000] = { 0 };
	int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);

	if (receiver < 0 || sender < 0 || bind(receiver, (void *)&address, sizeof(address)) ||
	    getsockname(receiver, (void *)&address, &length))
		return 1;
	while (cpu_ms() - start < wanted)
		for (int i = 0; i < 64; i++)
			if (sendto(sender, bytes, sizeof(bytes), 0, (void *)&address, length) < 0 ||
			    recv(receiver, bytes, sizeof(bytes), MSG_DONTWAIT) < 0)
				return 2;
	return 0;
}
