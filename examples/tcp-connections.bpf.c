/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * TCP connections: whose they are, from where to where, when they were there, and what went over them.
 * examples/tcp-connections.ts makes lines of it.
 *
 * A socket's state changes wherever a packet arrives, in whichever process that interrupts. So who a
 * connection belongs to is noted where its process itself acts: when it connects, when it listens, and when it
 * closes. What is not known by then is not told.
 *
 * Built by set-up, or by hand: ./waggle bpf build examples/tcp-connections.bpf.c
 */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define AF_INET 2
#define AF_INET6 10
/* include/net/sock.h, enum sock_flags: the peer has sent its end, which counts as a byte. */
#define SOCK_DONE 1

/* include/net/tcp_states.h */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_CLOSE = 7,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
};

enum connection_change { CONNECTION_OPENED = 1, CONNECTION_CLOSED = 2, CONNECTION_FAILED = 3 };
enum connection_side { SIDE_CLIENT = 1, SIDE_SERVER = 2 };

struct endpoint {
	u8 address[16]; /* of IPv4 the first four */
	u16 port;
	u16 reserved[3];
};

struct connection {
	struct record_header header;
	enum connection_change change;
	enum connection_side side;
	u32 family; /* AF_INET or AF_INET6 */
	u32 reserved;
	struct endpoint local;
	struct endpoint remote;
	u53 lasted_ns; /* until it was there, or from then to its end */
	u53 sent_bytes;
	u53 received_bytes;
};
OWN_RING(connections, connection, 1 << 20);

/* Where this kernel keeps what is read here; libbpf finds the places. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct in6_addr {
	u8 in6_u[16];
};
struct net {
	struct ns_common ns;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
};
struct tcp_sock {
	u64 bytes_received;
	u64 bytes_sent;
	u64 bytes_retrans;
};
#pragma clang attribute pop

/* What is known of a socket, by its address. */
struct known {
	struct record_header owner; /* tgid 0: not known yet */
	u64 since_ns;
	enum connection_side side;
	u16 port; /* its own, which is gone from a socket that is closed */
	bool is_open;
	u8 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct known);
} sockets SEC(".maps");

struct listening {
	u32 network; /* inode number of its network namespace */
	u32 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listening);
	__type(value, struct record_header);
} listeners SEC(".maps");

static __always_inline struct listening listening_of(const struct sock *sk)
{
	struct listening place = {
		.network = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
	};
	return place;
}

static __always_inline void fill_endpoints(struct connection *record, const struct sock *sk)
{
	record->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	record->remote.port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (record->family == AF_INET6) {
		BPF_CORE_READ_INTO(&record->local.address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&record->remote.address, sk, __sk_common.skc_v6_daddr);
	} else {
		*(u32 *)record->local.address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(u32 *)record->remote.address = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	}
}

static __always_inline void tell(const struct known *known, const struct sock *sk,
				 enum connection_change change)
{
	struct connection record = {
		.header = known->owner,
		.change = change,
		.side = known->side,
		.lasted_ns = bpf_ktime_get_ns() - known->since_ns,
	};

	if (!record.header.tgid)
		return;
	fill_endpoints(&record, sk);
	record.local.port = known->port;
	record.sent_bytes = BPF_CORE_READ((struct tcp_sock *)sk, bytes_sent) -
			    BPF_CORE_READ((struct tcp_sock *)sk, bytes_retrans);
	record.received_bytes = BPF_CORE_READ((struct tcp_sock *)sk, bytes_received) -
				(BPF_CORE_READ(sk, __sk_common.skc_flags) >> SOCK_DONE & 1);
	SEND_TO(connections, &record);
}

/* The peer has come: the connection is there. Its owner is who listens, if that was seen. */
static __always_inline void accepted(const struct sock *sk)
{
	struct known known = { .side = SIDE_SERVER, .is_open = true, .since_ns = bpf_ktime_get_ns() };
	struct listening place = listening_of(sk);
	struct record_header *listener = bpf_map_lookup_elem(&listeners, &place);
	u64 key = (u64)sk;

	known.port = place.port;
	if (listener)
		known.owner = *listener;
	bpf_map_update_elem(&sockets, &key, &known, BPF_ANY);
	tell(&known, sk, CONNECTION_OPENED);
}

static __always_inline void changed(const struct sock *sk, int before, int now)
{
	struct known fresh = { .side = SIDE_CLIENT, .since_ns = bpf_ktime_get_ns() }, *known;
	u64 key = (u64)sk;

	if (now == TCP_SYN_SENT) {
		fresh.port = BPF_CORE_READ(sk, __sk_common.skc_num);
		if (fill_current(&fresh.owner))
			bpf_map_update_elem(&sockets, &key, &fresh, BPF_ANY);
		return;
	}
	if (now == TCP_LISTEN) {
		struct listening place = listening_of(sk);

		if (fill_current(&fresh.owner))
			bpf_map_update_elem(&listeners, &place, &fresh.owner, BPF_ANY);
		return;
	}
	if (now == TCP_ESTABLISHED && before == TCP_SYN_RECV) {
		accepted(sk);
		return;
	}
	known = bpf_map_lookup_elem(&sockets, &key);
	if (!known)
		return;
	if (now == TCP_ESTABLISHED) {
		known->port = BPF_CORE_READ(sk, __sk_common.skc_num);
		tell(known, sk, CONNECTION_OPENED);
		known->since_ns = bpf_ktime_get_ns();
		known->is_open = true;
	} else if ((now == TCP_FIN_WAIT1 || now == TCP_LAST_ACK) && known->side == SIDE_SERVER) {
		/* Closed by who has accepted it, which may be a child of who listens. */
		fill_current(&known->owner);
	} else if (now == TCP_CLOSE) {
		tell(known, sk, known->is_open ? CONNECTION_CLOSED : CONNECTION_FAILED);
		bpf_map_delete_elem(&sockets, &key);
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_changed, const struct sock *sk, int before, int now)
{
	if (BPF_CORE_READ(sk, sk_protocol) == 6 /* IPPROTO_TCP */)
		changed(sk, before, now);
	return 0;
}

/* For kernels that refuse the first. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(tcp_changed_raw, const struct sock *sk, int before, int now)
{
	if (BPF_CORE_READ(sk, sk_protocol) == 6)
		changed(sk, before, now);
	return 0;
}
