/* SPDX-License-Identifier: ISC */
/*
 * tcp.c - the options and the counters of TCP sockets.
 */
#include "io/tcp.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>

#include "base/sys.h"

bool
tcp_prepare(int fd)
{
	/* TCP_USER_TIMEOUT alone decides when probes have failed; TCP_KEEPCNT is for a kernel that
	 * has refused it. */
	static const struct {
		int level, name, value;
	} options[] = {
	    {IPPROTO_TCP, TCP_NODELAY, 1},
	    {IPPROTO_TCP, TCP_USER_TIMEOUT, TCP_DEAD_S * 1000},
	    {IPPROTO_TCP, TCP_KEEPIDLE, TCP_PROBE_AFTER_S},
	    {IPPROTO_TCP, TCP_KEEPINTVL, TCP_PROBE_INTERVAL_S},
	    {IPPROTO_TCP, TCP_KEEPCNT, TCP_PROBES},
	    {SOL_SOCKET, SO_KEEPALIVE, 1},
	};
	bool is_good = true;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (sys_setsockopt(fd, options[i].level, options[i].name, options[i].value) != 0)
			is_good = false;
	}
	return is_good;
}

uint32_t
tcp_unread(int fd)
{
	int bytes = 0;

	return sys_ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
}

bool
tcp_taken(int fd, uint32_t *bytes)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    len < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
		return false;
	*bytes = (uint32_t)info.tcpi_bytes_acked;
	return true;
}
