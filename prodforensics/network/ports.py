"""What listens on a port, by custom."""

from __future__ import annotations

__all__ = ["service_of"]

_SERVICES = {
    22: "ssh", 25: "smtp", 53: "dns", 67: "dhcp", 80: "http", 88: "kerberos", 110: "pop3",
    123: "ntp", 143: "imap", 389: "ldap", 443: "https", 465: "smtps", 514: "syslog",
    587: "smtp", 636: "ldaps", 853: "dns/tls", 993: "imaps", 1433: "mssql", 1521: "oracle",
    1883: "mqtt", 2049: "nfs", 2181: "zookeeper", 2379: "etcd", 3306: "mysql", 3389: "rdp",
    4222: "nats", 4317: "otlp", 4318: "otlp", 4789: "vxlan", 5005: "jdwp", 5044: "beats",
    5353: "mdns", 5432: "postgres", 5671: "amqps", 5672: "amqp", 5678: "dap", 6379: "redis",
    6443: "kubernetes", 8080: "http", 8125: "statsd", 8443: "https", 8500: "consul",
    9042: "cassandra", 9092: "kafka", 9093: "kafka", 9200: "elasticsearch", 9229: "inspector",
    10250: "kubelet", 11211: "memcached", 27017: "mongodb",
}  # fmt: skip


def service_of(port: int, protocol: str = "tcp") -> str:
    """Name what a port is used for; where nothing is known, the port.

    Examples
    --------
    >>> service_of(5432), service_of(443, "udp"), service_of(40123)
    ('postgres', 'quic', 'tcp/40123')
    """
    if protocol == "udp" and port == 443:
        return "quic"
    return _SERVICES.get(port, f"{protocol}/{port}")
