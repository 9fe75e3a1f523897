#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# activate.pl - what systemd does with a .socket and a .service: activate.pl PATH MODE COMMAND... listens, and starts the command with
# the socket as descriptor 3. HUP restarts it, as "systemctl restart" does; TERM ends both. The socket is there throughout.
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

my ($path, $mode, @command) = @ARGV;
my ($child, $is_wanted) = (0, 1);

socket(my $listener, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
bind($listener, pack_sockaddr_un($path)) or die "$path: $!\n";
chmod(oct $mode, $path) or die "$path: $!\n";
listen($listener, 1024) or die "$path: $!\n";

sub begin {
	$child = fork() // die "fork: $!\n";
	return if $child;
	fileno($listener) == 3 ? fcntl($listener, F_SETFD, 0) : POSIX::dup2(fileno($listener), 3);
	@ENV{'LISTEN_FDS', 'LISTEN_PID'} = (1, $$);
	$SIG{$_} = 'DEFAULT' for qw(HUP TERM);
	exec { $command[0] } @command or POSIX::_exit(127);
}

$SIG{HUP} = sub { $is_wanted = 2; kill TERM => $child };
$SIG{TERM} = sub { $is_wanted = 0; kill TERM => $child };
begin();
for (;;) {
	my $pid = waitpid($child, 0);
	next if $pid < 0 && $!{EINTR};
	last unless $is_wanted == 2 && $? == 0;
	$is_wanted = 1;
	begin();
}
my $status = $?;
unlink $path;
exit($status & 127 ? 1 : $status >> 8);
