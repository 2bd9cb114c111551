"""What travels in packets: DNS, TLS, QUIC, HTTP and ICMP, read from their bytes."""
