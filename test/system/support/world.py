# SPDX-License-Identifier: ISC
"""The production machine, in namespaces: its files at their paths, 8.8.8.8, the agent and its services."""
import os
import socket
import threading

from . import namespace
from .servers import Consul, Named

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PRODUCTION = os.path.join(HERE, "production")

ROOT_ZONE = """$TTL 3600
@ IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300
@ IN NS ns.example.com.
ns.example.com. IN A 8.8.8.8
dns.google. IN A 8.8.8.8
"""
EXAMPLE_ZONE = """$TTL 300
@ IN SOA ns hostmaster 7 7200 900 1209600 60
@ IN NS ns
@ IN MX 10 mail
@ IN TXT "v=spf1 -all" "second string"
ns IN A 8.8.8.8
mail IN A 198.51.100.25
www IN A 198.51.100.80
www IN A 198.51.100.81
www IN AAAA 2001:db8::80
alias IN CNAME www
inward IN CNAME web.service.consul.
_sip._tcp IN SRV 10 20 5060 www
"""
REVERSE_ZONE = """$TTL 86400
@ IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 60
@ IN NS ns.example.com.
8.8 IN PTR dns.google.
"""
ZONES = {".": ROOT_ZONE, "example.com": EXAMPLE_ZONE, "8.8.in-addr.arpa": REVERSE_ZONE}

SERVICES = [
    {"name": "web", "id": "web1", "address": "10.1.0.1", "port": 8081, "tags": ["v1"]},
    {"name": "web", "id": "web2", "address": "10.1.0.2", "port": 8082, "tags": ["v1", "blue"]},
    {"name": "web", "id": "web3", "address": "10.1.0.3", "port": 8083, "tags": ["v2"]},
    {"name": "six", "id": "six1", "address": "2001:db8::6", "port": 6666},
    {"name": "plain", "id": "plain1", "port": 7000},
] + [{"name": "many", "id": f"many{i}", "address": f"10.2.0.{i}", "port": 9000 + i} for i in range(1, 41)]


def lay_files(work):
    """/etc as on the production machine, and the directories of BIND: only in this mount namespace."""
    namespace.private_folder("/etc", str(work))
    os.makedirs("/etc/named", exist_ok=True)
    for name, place in (("named.conf", "/etc/named.conf"), ("consul.conf", "/etc/named/consul.conf")):
        with open(os.path.join(PRODUCTION, name), "rb") as source, open(place, "wb") as target:
            target.write(source.read())
    namespace.empty_folder("/var")
    for folder in ("/var/named/data", "/var/named/dynamic", "/var/tmp", "/var/run", "/var/cache"):
        os.makedirs(folder)


def write_resolv_conf(text):
    with open("/etc/resolv.conf", "w", encoding="utf-8") as file:
        file.write(text)


class Database:
    """What galera.json's check needs: a server that accepts on 3306."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 3306))
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


def start_recursor(work):
    namespace.add_address("8.8.8.8/32")
    namespace.add_address("fd00:8::8/128")	# a host without IPv6 gets no AAAA records (AI_ADDRCONFIG)
    return Named(work, zones=ZONES, address="8.8.8.8", port=53, name="recursor")


def start_consul(work):
    consul = Consul(work, services=SERVICES, settings_files=[os.path.join(PRODUCTION, "galera.json")])
    consul.register("elsewhere", "www.example.com", {"ID": "ext1", "Service": "external", "Port": 443})
    consul.register("gone", "nowhere.example.com", {"ID": "ext2", "Service": "broken-external", "Port": 443})
    consul.http("POST", "/v1/query", {"Name": "webquery", "Service": {"Service": "web"}, "DNS": {"TTL": "7s"}})
    return consul
