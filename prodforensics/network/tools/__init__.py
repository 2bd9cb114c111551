"""What the tools beside a capture print: mtr, ping, curl, ss, conntrack, netstat, dig, openssl."""
